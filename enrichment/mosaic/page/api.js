// What the page asks the server. Addresses are relative, so that the page works under any prefix.

const ROOT = new URL('../v1/mosaics', location.href).href;

export class Problem extends Error {
  constructor(status, { detail = 'The server did not answer as expected.', hint = 'Try again.' } = {}) {
    super(`${detail} ${hint}`);
    this.status = status;
  }
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { detail: 'The server cannot be reached.', hint: 'Is it still running?' });
  }
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => undefined));
  return answer.status === 204 ? null : answer.json();
}

function query({ longer, radius, shift }) {
  return `longer=${longer}&radius=${radius}&shift=${shift}`;
}

export const about = () => ask(ROOT);
export const send = (picture) => ask(ROOT, { method: 'POST', body: picture, headers: { 'Content-Type': picture.type || 'image/unknown' } });
export const forget = (id) => ask(`${ROOT}/${id}`, { method: 'DELETE' });
export const facts = (id, options, signal) => ask(`${ROOT}/${id}?${query(options)}`, { signal });
export const cell = (id, options, { row, column }, signal) => ask(`${ROOT}/${id}/cells/${row}/${column}?${query(options)}`, { signal });
export const pictureOfCell = (id, options, { row, column }) => `${ROOT}/${id}/cells/${row}/${column}/picture.jpg?${query(options)}`;
export const picture = (id) => `${ROOT}/${id}/picture.jpg`;
export const tile = (id, options, side, x, y) => `${ROOT}/${id}/tiles/${side}/${x}_${y}.jpg?${query(options)}`;
export const download = (id, options, kind) => `${ROOT}/${id}/mosaic.${kind}?${query(options)}`;
