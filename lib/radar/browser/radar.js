/**
 * What the radar's page does beyond links and forms: it exchanges the map when it changes, opens hours and traces in
 * place, shows counts on hovering, takes arrow keys, and draws latency.
 */
const map = element('map');
const panel = element('panel');
const hint = element('hint');
const live = element('live');
const days = document.body.dataset.days ?? '7';

document.addEventListener('click', (event) => {
  const link = closest(event.target, 'a');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const { hour, trace } = link.dataset;
  if (trace) {
    event.preventDefault();
    void openTrace(link, trace);
  } else if (hour) {
    event.preventDefault();
    void openBucket(link.dataset.line ?? lineOf(link), hour);
  }
});

document.addEventListener('submit', (event) => {
  if (!(event.target instanceof HTMLFormElement)) return;
  event.preventDefault();
  void redrive(event.target);
});

map.addEventListener('keydown', (event) => {
  const cell = closest(event.target, '[role=gridcell]');
  if (!cell) return;
  const next = neighbour(cell, event.key);
  if (!next) return;
  event.preventDefault();
  for (const other of cell.closest('svg')?.querySelectorAll('a[tabindex="0"]') ?? [])
    other.setAttribute('tabindex', '-1');
  next.setAttribute('tabindex', '0');
  next.focus();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  if (!hint.hidden) hint.hidden = true;
  else closePanel();
});

for (const type of ['pointerover', 'focusin']) map.addEventListener(type, (event) => showHint(event.target));
for (const type of ['pointerout', 'focusout']) map.addEventListener(type, () => showHint(null));

watch();
void drawLatency();
markOpened();

/** Keeps the map as the server knows it. */
function watch() {
  const events = new EventSource('/live');
  let wanted = false;
  let loading = false;
  const refresh = async () => {
    wanted = true;
    if (loading) return;
    loading = true;
    while (wanted) {
      wanted = false;
      const part = await load(`/part/map?days=${days}`).catch(() => undefined);
      if (part !== undefined) exchangeMap(part);
    }
    loading = false;
  };
  events.addEventListener('changed', () => void refresh());
  events.addEventListener('open', () => {
    live.textContent = 'live';
  });
  events.addEventListener('error', () => {
    live.textContent = 'not connected: what is shown may be old';
  });
}

/** @param {string} part */
function exchangeMap(part) {
  const focused = closest(document.activeElement, '[data-hour]');
  const had = focused && map.contains(focused) ? { line: lineOf(focused), hour: focused.dataset.hour } : undefined;
  const stops = [...map.querySelectorAll('[role=gridcell][tabindex="0"]')].map((cell) => ({
    line: lineOf(cell),
    hour: cell instanceof SVGElement ? cell.dataset.hour : undefined,
  }));
  map.innerHTML = part;
  for (const { line, hour } of [...stops, ...(had ? [had] : [])]) {
    const cell = cellOf(line, hour);
    for (const other of cell?.closest('svg')?.querySelectorAll('a[tabindex="0"]') ?? [])
      other.setAttribute('tabindex', '-1');
    cell?.setAttribute('tabindex', '0');
  }
  if (had) cellOf(had.line, had.hour)?.focus();
  markOpened();
}

/**
 * @param {string} line
 * @param {string} hour
 */
async function openBucket(line, hour) {
  hint.hidden = true;
  const place = new URLSearchParams({ line, hour, days });
  await show(panel, `/part/bucket?${place}`);
  history.replaceState(null, '', `/bucket?${place}`);
  markOpened();
  await drawLatency();
}

function closePanel() {
  const bucket = panel.querySelector('.bucket');
  panel.replaceChildren();
  history.replaceState(null, '', `/?days=${days}`);
  markOpened();
  if (bucket instanceof HTMLElement) cellOf(bucket.dataset.line ?? '', bucket.dataset.hour)?.focus();
}

/**
 * @param {HTMLElement | SVGElement} link
 * @param {string} id
 */
async function openTrace(link, id) {
  const place = link.closest('li')?.querySelector('.place');
  if (place) await show(place, `/part/trace/${id}`);
}

/** @param {HTMLFormElement} form */
async function redrive(form) {
  const output = form.querySelector('output');
  const button = form.querySelector('button');
  if (!output || !button) return;
  button.disabled = true;
  output.textContent = 'Sending …';
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.set(name, String(value));
  try {
    const answer = await fetch(form.action, { method: 'POST', body, headers: { accept: 'text/plain' } });
    output.textContent = (await answer.text()).trim();
    button.disabled = answer.ok;
  } catch {
    output.textContent = 'The radar does not answer.';
    button.disabled = false;
  }
}

/**
 * @param {Element} place
 * @param {string} path
 */
async function show(place, path) {
  place.setAttribute('aria-busy', 'true');
  try {
    place.innerHTML = await load(path);
  } catch (error) {
    const said = document.createElement('p');
    said.className = 'failure';
    said.setAttribute('role', 'alert');
    said.textContent = error instanceof Error ? error.message : String(error);
    place.replaceChildren(said);
  }
  place.removeAttribute('aria-busy');
  const heading = place.querySelector('h2, h3');
  if (!(heading instanceof HTMLElement)) return;
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: 'nearest' });
}

/** @param {string} path */
async function load(path) {
  const answer = await fetch(path).catch(() => {
    throw new Error('The radar does not answer.');
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.trim());
  return text;
}

/** Marks the cell of the hour that is open. */
function markOpened() {
  const bucket = panel.querySelector('.bucket');
  for (const cell of map.querySelectorAll('[aria-selected=true]')) cell.setAttribute('aria-selected', 'false');
  if (!(bucket instanceof HTMLElement)) return;
  cellOf(bucket.dataset.line ?? '', bucket.dataset.hour)?.setAttribute('aria-selected', 'true');
}

/**
 * The cell to which a key leads: along the hours and the days of one map, with Home and End to the ends of a day.
 *
 * @param {Element} cell
 * @param {string} key
 */
function neighbour(cell, key) {
  const row = cell.closest('[role=row]');
  if (!row || !(cell instanceof SVGElement)) return undefined;
  const cells = cellsOf(row);
  const column = cells.indexOf(cell);
  const to = { ArrowLeft: column - 1, ArrowRight: column + 1, Home: 0, End: cells.length - 1 }[key];
  if (to !== undefined) return cells[to];
  const rows = [...(cell.closest('svg')?.querySelectorAll('[role=row]') ?? [])];
  const step = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (step === undefined) return undefined;
  const others = cellsOf(rows[rows.indexOf(row) + step]);
  return others[Math.min(column, others.length - 1)];
}

/** @param {Element | null | undefined} row */
function cellsOf(row) {
  const cells = [...(row?.querySelectorAll('[role=gridcell]') ?? [])];
  return cells.filter((cell) => cell instanceof SVGElement);
}

/**
 * @param {string} line
 * @param {string | undefined} hour
 */
function cellOf(line, hour) {
  const svg = [...map.querySelectorAll('svg[data-line]')].find((one) => lineOf(one) === line);
  const cell = svg?.querySelector(`[role=gridcell][data-hour="${CSS.escape(hour ?? '')}"]`);
  return cell instanceof SVGElement ? cell : undefined;
}

/** @param {Element} cell */
function lineOf(cell) {
  return closest(cell, '[data-line]')?.dataset.line ?? '';
}

/** @param {EventTarget | null} target */
function showHint(target) {
  const cell = closest(target, '[role=gridcell]');
  hint.hidden = !cell;
  if (!cell) return;
  hint.textContent = cell.getAttribute('aria-label');
  const box = cell.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - hint.offsetWidth - 8);
  hint.style.left = `${Math.max(8, left) + window.scrollX}px`;
  hint.style.top = `${box.bottom + 6 + window.scrollY}px`;
}

/** Draws the latency of the hour that is open, where there is any. */
async function drawLatency() {
  const figure = panel.querySelector('.latency');
  const bucket = panel.querySelector('.bucket');
  if (!(figure instanceof HTMLElement) || !(bucket instanceof HTMLElement)) return;
  const caption = figure.querySelector('figcaption');
  const place = new URLSearchParams({ line: bucket.dataset.line ?? '', hour: bucket.dataset.hour ?? '' });
  const text = await load(`/api/latency?${place}`).catch(() => undefined);
  if (!caption || !figure.isConnected) return;
  const { times, median, slow, sampled } = JSON.parse(text ?? '{"times":[],"median":[],"slow":[],"sampled":0}');
  if (times.length === 0) {
    caption.textContent = text ? 'Nothing has ended in this hour: no latency.' : 'Latency could not be read.';
    return;
  }
  const worst = Math.max(...slow).toFixed(2);
  const usual = [...median].sort((one, other) => one - other)[Math.floor(median.length / 2)].toFixed(2);
  caption.textContent = `Latency from commit to end, seconds, by minute: median about ${usual}, 95 % within ${worst} at worst (${sampled} messages sampled)`;
  const style = getComputedStyle(document.documentElement);
  const [line, accent, ink] = ['--line', '--accent', '--text'].map((name) => style.getPropertyValue(name).trim());
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const options = {
    width: figure.clientWidth,
    height: 160,
    tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: fromZero } },
    axes: [
      { ...axis, incrs: [60, 300, 600, 900], values: timesOfDay },
      { ...axis, size: 48 },
    ],
    series: [
      { label: 'UTC', value: (/** @type {uPlot} */ _, /** @type {number} */ time) => timesOfDay(_, [time])[0] ?? '' },
      { label: 'median, s', stroke: accent, width: 2, points: { show: true } },
      { label: '95 %, s', stroke: ink, width: 2, dash: [6, 4], points: { show: true } },
    ],
  };
  const plot = new uPlot(options, [times, median, slow], figure);
  new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: 160 })).observe(figure);
}

/**
 * @param {uPlot} _plot
 * @param {(number | null)[]} times seconds since the epoch
 */
function timesOfDay(_plot, times) {
  return times.map((time) => (time === null ? '' : new Date(time * 1000).toISOString().slice(11, 16)));
}

/**
 * @param {uPlot} _plot
 * @param {number} _least
 * @param {number} most
 * @returns {[number, number]}
 */
function fromZero(_plot, _least, most) {
  return [0, most * 1.1 || 1];
}

/**
 * @param {EventTarget | null} target
 * @param {string} selector
 */
function closest(target, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof HTMLElement || found instanceof SVGElement ? found : null;
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}
