// The card that says what the picture in a cell is.

const part = (name) => document.getElementById(`card-${name}`);

export function show({ title, date, credit, link, uses }, address) {
  part('picture').src = address;
  part('title').textContent = title;
  part('date').textContent = date;
  part('credit').textContent = credit && `Credit: ${credit}`;
  part('uses').textContent = uses === 1 ? 'Once in this mosaic' : `${uses} times in this mosaic`;
  part('link').hidden = !link;
  if (link) part('link').href = link;
  document.getElementById('card').hidden = false;
}

export function hide() {
  document.getElementById('card').hidden = true;
  part('picture').removeAttribute('src');
}

export function whenClosed(then) {
  part('close').addEventListener('click', then);
}
