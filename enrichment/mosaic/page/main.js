// The page: what is chosen, what is shown, what is said.

import * as api from './api.js';
import * as card from './card.js';
import { listen, reduced } from './upload.js';
import { Viewer } from './viewer.js';

const COARSE = 20; // cells: made in an instant
const $ = (id) => document.getElementById(id);
const sliders = { shift: $('shift'), longer: $('longer'), radius: $('radius') };
const units = { shift: (value) => `${value} %`, longer: (value) => `${value} places wide`, radius: (value) => (value === '1' ? '1 place' : `${value} places`) };

const viewer = new Viewer($('viewer'));
let id = null;
let sent = null; // the picture, for when the server has forgotten it
let running = new AbortController();
let asking = new AbortController();

const options = () => Object.fromEntries(Object.entries(sliders).map(([name, slider]) => [name, Number(slider.value)]));

function say(text, kind = '') {
  $('status').textContent = text;
  $('status').className = `status ${kind}`;
}

// Runs one thing at a time: a later request cancels the one that runs.
async function run(work) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    await work(signal);
  } catch (error) {
    if (error.name === 'AbortError' || signal.aborted) return;
    say(error.message, 'wrong');
  }
}

// Asks again with the picture sent again, if it has been forgotten in between.
async function remembered(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error.status !== 404 || !sent) throw error;
    id = (await api.send(sent)).id;
    return ask();
  }
}

async function make(signal, { fresh = false } = {}) {
  if (fresh) {
    say('A first look …', 'working');
    await place({ ...options(), longer: COARSE }, signal, true);
  }
  say('Finding the right picture for each place …', 'working');
  const facts = await place(options(), signal, false);
  const { columns, rows, pictures, pictures_used: used, uses_at_most: most, radius } = facts;
  const less = radius < options().radius ? ` So few pictures repeat after ${radius} places.` : '';
  say(`${columns} × ${rows} places, ${used} of ${pictures} pictures, none more than ${most} times.${less}`);
}

async function place(wanted, signal, fresh) {
  const facts = await remembered(() => api.facts(id, wanted, signal));
  if (signal.aborted) throw new DOMException('', 'AbortError');
  link(options());
  const from = id;
  await viewer.show({ ...facts, tile: (side, x, y) => api.tile(from, wanted, side, x, y) }, { fresh });
  return facts;
}

function link(wanted) {
  for (const kind of ['jpg', 'png', 'zip', 'txt']) $(`as-${kind}`).href = api.download(id, wanted, kind);
}

function take(file) {
  return run(async (signal) => {
    say('Reading your picture …', 'working');
    const picture = await reduced(file);
    const answer = await api.send(picture);
    sent = picture;
    begin(answer.id);
    for (const choice of document.querySelectorAll('[name=built-in]')) choice.checked = false;
    $('forget').hidden = false;
    await make(signal, { fresh: true });
  });
}

function begin(name) {
  id = name;
  $('original').setAttribute('aria-pressed', 'false');
  viewer.compare(null);
}

function chooseOurs(name) {
  return run(async (signal) => {
    begin(name);
    sent = null;
    $('forget').hidden = true;
    await make(signal, { fresh: true });
  });
}

function offerOurs({ id: name, title }, first) {
  const label = document.createElement('label');
  const choice = Object.assign(document.createElement('input'), { type: 'radio', name: 'built-in', value: name, checked: first });
  const picture = Object.assign(document.createElement('img'), { src: api.picture(name), alt: title, width: 88, height: 88 });
  choice.addEventListener('change', () => chooseOurs(name));
  label.append(choice, picture);
  $('built-in').append(label);
}

async function tell({ detail: where }) {
  asking.abort();
  asking = new AbortController();
  if (!where) return card.hide();
  try {
    const wanted = options();
    const { signal } = asking;
    const cell = await remembered(() => api.cell(id, wanted, where, signal));
    if (signal.aborted) return;
    card.show(cell, api.pictureOfCell(id, wanted, where));
    const credit = cell.credit ? `, ${cell.credit}` : '';
    $('heard').textContent = `Row ${cell.row + 1}, column ${cell.column + 1}: ${cell.title}${credit}`;
  } catch (error) {
    if (error.name !== 'AbortError') say(error.message, 'wrong');
  }
}

const keys = {
  ArrowUp: () => viewer.step(-1, 0),
  ArrowDown: () => viewer.step(1, 0),
  ArrowLeft: () => viewer.step(0, -1),
  ArrowRight: () => viewer.step(0, 1),
  Enter: () => viewer.cell && viewer.choose(viewer.cell, { near: true }),
  Escape: whole,
  0: whole,
  '+': () => viewer.zoom(1.5),
  '=': () => viewer.zoom(1.5),
  '-': () => viewer.zoom(1 / 1.5),
};

function whole() {
  viewer.leave();
  viewer.home();
}

function forget() {
  return run(async () => {
    await api.forget(id);
    document.querySelector('[name=built-in]').checked = true;
    await chooseOurs(document.querySelector('[name=built-in]').value);
  });
}

function listenToControls() {
  for (const [name, slider] of Object.entries(sliders)) {
    const show = () => {
      $(`${name}-value`).textContent = units[name](slider.value);
      slider.setAttribute('aria-valuetext', units[name](slider.value));
    };
    let soon;
    slider.addEventListener('input', () => {
      show();
      clearTimeout(soon);
      soon = setTimeout(() => run(make), name === 'shift' ? 120 : 300);
    });
    show();
  }
  $('viewer').addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });
  $('zoom-in').addEventListener('click', () => viewer.zoom(1.5));
  $('zoom-out').addEventListener('click', () => viewer.zoom(1 / 1.5));
  $('whole').addEventListener('click', whole);
  $('original').addEventListener('click', ({ currentTarget: button }) => {
    const compare = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(compare));
    viewer.compare(compare ? api.picture(id) : null);
  });
  $('forget').addEventListener('click', forget);
  card.whenClosed(() => { viewer.leave(); $('viewer').focus(); });
  viewer.addEventListener('cell', tell);
  viewer.addEventListener('lost', () => remembered(() => api.facts(id, options())).then((facts) => facts && run(make)).catch(() => {}));
  listen({ input: $('file'), veil: $('veil'), take });
}

async function start() {
  listenToControls();
  const { pictures, built_in: ours } = await api.about();
  $('pictures').textContent = pictures.toLocaleString('en');
  ours.forEach((picture, number) => offerOurs(picture, number === 0));
  await chooseOurs(ours[0].id);
  viewer.reveal();
}

start().catch((error) => say(error.message, 'wrong'));
