// The mosaic without a server: opened from a disk, a browser runs neither modules nor requests.
{
  const { width, height, tile, columns, rows, cells, pictures } = MOSAIC;
  const viewer = OpenSeadragon({
    id: 'viewer',
    drawer: 'canvas',
    showNavigationControl: false,
    maxZoomPixelRatio: 3,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    tileSources: {
      width,
      height,
      tileSize: tile,
      getTileUrl: (level, x, y) => `mosaic_files/${level}/${x}_${y}.jpg`,
    },
  });
  viewer.addHandler('canvas-click', ({ quick, position }) => {
    if (!quick) return;
    const { x, y } = viewer.viewport.pointFromPixel(position);
    const [row, column] = [Math.floor(y * columns), Math.floor(x * columns)];
    if (row < 0 || row >= rows || column < 0 || column >= columns) return;
    const [title, date, credit, link] = pictures[cells[row * columns + column]];
    const caption = document.getElementById('caption');
    caption.textContent = [title, date, credit].filter(Boolean).join(' · ');
    if (link) caption.append(' · ', Object.assign(document.createElement('a'), { href: link, textContent: 'where it comes from', rel: 'noopener noreferrer' }));
  });
}
