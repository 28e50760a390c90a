// The mosaic as something to zoom into. World coordinates: the mosaic is 1 wide.

const TILE = 512; // pixels, of a piece and of a cell seen from nearest
const NEAR = 0.4; // of the window: a cell as wide as this is being looked at
const calm = matchMedia('(prefers-reduced-motion: reduce)');

export class Viewer extends EventTarget {
  #osd;
  #mosaic = null;
  #shown = null;
  #original = null;
  #cursor = document.createElement('div');
  #cell = null;

  constructor(element) {
    super();
    this.#cursor.className = 'cursor';
    // OpenSeadragon adds a style of its own, which our policy forbids, unless it finds one; this one styles nothing.
    const none = document.createElementNS('urn:none', 'style');
    none.setAttribute('data-openseadragon-mobile-css', '');
    document.head.append(none);
    // It warns of pieces that arrive after their mosaic has been replaced, which is as it should be.
    window.OpenSeadragon.console = { ...window.OpenSeadragon.console, warn() {} };
    this.#osd = window.OpenSeadragon({
      element,
      drawer: 'canvas',
      showNavigationControl: false,
      keyboardNavEnabled: false,
      tabIndex: -1,
      visibilityRatio: 0.6,
      minZoomImageRatio: 0.7,
      maxZoomPixelRatio: 2,
      maxImageCacheCount: 150,
      animationTime: calm.matches ? 0 : 0.9,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    });
    this.#osd.addHandler('canvas-click', (event) => {
      if (!event.quick || !this.#mosaic) return;
      const cell = this.#cellAt(this.#osd.viewport.pointFromPixel(event.position));
      if (cell) this.choose(cell);
    });
    this.#osd.addHandler('animation-finish', () => this.#lookedAt());
    this.#osd.addHandler('tile-load-failed', () => this.dispatchEvent(new Event('lost')));
  }

  get cell() { return this.#cell; }

  // Puts a mosaic in place of the one that is shown; from a cell outwards if it is the first.
  show({ columns, rows, tile }, { fresh = false } = {}) {
    const top = Math.ceil(Math.log2(TILE * Math.max(columns, rows)));
    const source = {
      width: columns * TILE,
      height: rows * TILE,
      tileSize: TILE,
      minLevel: top - Math.log2(TILE),
      maxLevel: top,
      getTileUrl: (level, x, y) => tile(TILE / 2 ** (top - level), x, y),
    };
    const before = this.#shown;
    const sameGrid = this.#mosaic?.columns === columns && this.#mosaic?.rows === rows;
    this.#mosaic = { columns, rows };
    if (!sameGrid || fresh) this.leave();
    return new Promise((done) => this.#osd.addTiledImage({
      tileSource: source,
      index: before ? 1 : 0,
      preload: true,
      opacity: before ? 0 : 1,
      success: ({ item }) => {
        this.#shown = item;
        if (fresh) this.home({ atOnce: true });
        const show = () => {
          item.setOpacity(1);
          if (before) this.#remove(before);
          done();
        };
        if (!before) return show();
        const late = setTimeout(show, 2500);
        item.addHandler('fully-loaded-change', ({ fullyLoaded }) => {
          if (fullyLoaded) { clearTimeout(late); show(); }
        });
      },
    }));
  }

  // The way in: one picture, then the whole.
  reveal() {
    if (calm.matches || !this.#mosaic) return;
    const { columns, rows } = this.#mosaic;
    const { viewport } = this.#osd;
    const springs = [viewport.centerSpringX, viewport.centerSpringY, viewport.zoomSpring];
    viewport.fitBounds(this.#rectangle({ row: Math.floor(rows * 0.45), column: Math.floor(columns * 0.48) }, 3), true);
    for (const spring of springs) spring.animationTime = 4;
    this.home();
    const end = () => { for (const spring of springs) spring.animationTime = 0.9; };
    this.#osd.addOnceHandler('animation-finish', end);
    this.#osd.addOnceHandler('canvas-press', end);
  }

  home({ atOnce = false } = {}) {
    const height = this.#mosaic ? this.#mosaic.rows / this.#mosaic.columns : 1;
    this.#osd.viewport.fitBounds(new window.OpenSeadragon.Rect(0, 0, 1, height), atOnce || calm.matches);
  }

  zoom(factor) {
    this.#osd.viewport.zoomBy(factor, undefined, calm.matches);
    this.#osd.viewport.applyConstraints(calm.matches);
  }

  // Frames a cell and says so; brings it into view, and near if wanted.
  choose(cell, { near = false } = {}) {
    this.#cell = cell;
    const rectangle = this.#rectangle(cell);
    this.#osd.removeOverlay(this.#cursor);
    this.#osd.addOverlay({ element: this.#cursor, location: rectangle });
    const { viewport } = this.#osd;
    if (near) viewport.fitBounds(this.#rectangle(cell, 1.5), calm.matches);
    else if (!viewport.getBounds().containsPoint(rectangle.getCenter())) viewport.panTo(rectangle.getCenter(), calm.matches);
    this.dispatchEvent(new CustomEvent('cell', { detail: cell }));
  }

  step(rows, columns) {
    const from = this.#cell ?? this.#cellAt(this.#osd.viewport.getCenter());
    if (!from) return;
    const within = (value, most) => Math.min(Math.max(value, 0), most - 1);
    this.choose({
      row: within(from.row + (this.#cell ? rows : 0), this.#mosaic.rows),
      column: within(from.column + (this.#cell ? columns : 0), this.#mosaic.columns),
    });
  }

  leave() {
    this.#cell = null;
    this.#osd.removeOverlay(this.#cursor);
    this.dispatchEvent(new CustomEvent('cell', { detail: null }));
  }

  // Lays the picture itself over the mosaic, or takes it away.
  compare(address) {
    if (this.#original) this.#remove(this.#original);
    this.#original = null;
    if (!address) return;
    this.#osd.addSimpleImage({ url: address, width: 1, success: ({ item }) => { this.#original = item; } });
  }

  #remove(item) {
    if (this.#osd.world.getIndexOfItem(item) >= 0) this.#osd.world.removeItem(item);
  }

  #lookedAt() {
    if (!this.#mosaic) return;
    const { viewport } = this.#osd;
    if (1 / this.#mosaic.columns < NEAR * viewport.getBounds().width) return;
    const cell = this.#cellAt(viewport.getCenter());
    if (cell && (cell.row !== this.#cell?.row || cell.column !== this.#cell?.column)) this.choose(cell);
  }

  #cellAt({ x, y }) {
    const { columns, rows } = this.#mosaic;
    const cell = { row: Math.floor(y * columns), column: Math.floor(x * columns) };
    return cell.row >= 0 && cell.row < rows && cell.column >= 0 && cell.column < columns ? cell : null;
  }

  #rectangle({ row, column }, times = 1) {
    const side = 1 / this.#mosaic.columns;
    const margin = (side * (times - 1)) / 2;
    return new window.OpenSeadragon.Rect(column * side - margin, row * side - margin, side * times, side * times);
  }
}
