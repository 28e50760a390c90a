// Every way in which a picture gets onto the page: file dialog or camera roll, drop, paste.

const SIDE = 1024; // more is never looked at, and what a camera wrote beside the pixels stays here

export function listen({ input, veil, take }) {
  input.addEventListener('change', () => {
    if (input.files.length) take(input.files[0]);
    input.value = ''; // so that the same picture can be chosen again
  });
  document.addEventListener('paste', (event) => offer(event.clipboardData, event));
  document.addEventListener('dragover', (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) veil.hidden = true; });
  document.addEventListener('drop', (event) => {
    veil.hidden = true;
    offer(event.dataTransfer, event);
  });

  function offer(transfer, event) {
    const file = [...(transfer?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (!file) return;
    event.preventDefault();
    take(file);
  }
}

// What this browser cannot read is sent as it is: the server may be able to, or says what is wrong.
export async function reduced(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const small = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.93));
    return small ?? file;
  } catch {
    return file;
  }
}
