// The runs of two models on one axis: what their processors do, and what is in memory.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const scaled = (value, units) => {
    let power = 0;
    while (power < units.length - 1 && Number(value.toPrecision(3)) >= 1000) [value, power] = [value / 1000, power + 1];
    return `${Number(value.toPrecision(3))}\u00a0${units[power]}`;
  };
  const duration = (seconds) => seconds === 0 ? "0\u00a0s" : scaled(seconds * 1e9, ["ns", "µs", "ms", "s"]);
  const size = (bytes) => scaled(bytes, ["B", "kB", "MB", "GB", "TB"]);

  function put(parent, tag, fields, text) {
    const one = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(fields)) one.setAttribute(name, value);
    if (text !== undefined) one.textContent = text;
    parent.append(one);
    return one;
  }

  // A box as wide as a run is long, whose units are the columns of its charts.
  const stretched = (parent, run, longest, y, height) =>
    put(parent, "svg", { viewBox: `0 0 ${run.compute.length} 100`, preserveAspectRatio: "none", width: `${(100 * run.seconds) / longest}%`, height, y });

  // Steps along columns, from 0 at the bottom to 100 at the top.
  const steps = (heights) => heights.map((one, i) => `${i ? "V" : "M0 "}${Number((100 - one).toFixed(1))}H${i + 1}`).join("");
  const area = (low, high) => `${steps(high)}${low.map((_, i) => `V${Number((100 - low[low.length - 1 - i]).toFixed(1))}H${low.length - 1 - i}`).join("")}z`;

  function clock(parent, longest, y) {
    for (let k = 0; k <= 4; k++) {
      const anchor = k === 0 ? "start" : k === 4 ? "end" : "middle";
      put(parent, "text", { x: `${25 * k}%`, y, "text-anchor": anchor, ...(k % 2 && { class: "wider" }) }, duration((longest * k) / 4));
    }
  }

  function trace(chart, pair, longest) {
    pair.forEach(({ run, title }, i) => {
      const top = 20 + 100 * i;
      put(chart, "text", { class: "on", x: 0, y: top - 6 }, `${title}, ${duration(run.seconds)}`);
      const box = stretched(chart, run, longest, top, 64);
      const compute = run.compute.map((one) => one / 10);
      const both = run.exchange.map((one, k) => Math.min(100, compute[k] + one / 10));
      const [none, all] = [0, 100].map((one) => compute.map(() => one));
      [[none, compute], [compute, both], [both, all]].forEach(([low, high], k) => put(box, "path", { class: `part${k}`, d: area(low, high) }));
    });
    clock(chart, longest, 202);
  }

  function memory(chart, pair, longest) {
    const most = Math.max(1, ...pair.map(({ run }) => run.peak)) * 1.1;
    pair.forEach(({ run }, i) => {
      const heights = run.memory.map((one) => (100 * one) / most);
      put(stretched(chart, run, longest, 0, 180), "path", { class: `side${i}`, d: area(heights.map(() => 0), heights) });
    });
    pair.forEach(({ run, title }, i) => {
      const at = (100 * run.seconds * (run.memory.indexOf(Math.max(...run.memory)) + 0.5)) / run.memory.length / longest;
      const y = 180 - (180 * run.peak) / most;
      put(chart, "circle", { class: `side${i}`, cx: `${at}%`, cy: y, r: 4 });
      put(chart, "text", { class: "on", x: `${at}%`, dx: at > 50 ? -8 : 8, y: y + 4, "text-anchor": at > 50 ? "end" : "start" }, `${title}, ${size(run.peak)}`);
    });
    clock(chart, longest, 198);
  }

  const times = (a, b) => Number((Math.max(a, b) / Math.min(a, b)).toPrecision(2)).toLocaleString("en");

  // Who takes how long, who is how many times faster, and who needs more memory.
  function said(place, pair) {
    const texts = place.dataset;
    const [a, b] = pair;
    const alike = a.run.processor === b.run.processor;
    const of = (one) => filled(alike && one === b ? texts.too : texts.takes, { title: one.title, time: duration(one.run.seconds), processor: one.run.processor, passes: one.run.passes });
    const [fast, slow] = a.run.seconds <= b.run.seconds ? [a, b] : [b, a];
    const [small, large] = a.run.peak <= b.run.peak ? [a, b] : [b, a];
    const faster = slow.run.seconds < 1.05 * fast.run.seconds ? texts.alike : filled(texts.faster, { title: fast.title, n: times(slow.run.seconds, fast.run.seconds) });
    const peak = filled(texts.peak, { large: large.title, most: size(large.run.peak), small: small.title, least: size(small.run.peak) });
    return `${of(a)} ${of(b)} ${faster} ${peak}`;
  }

  window.galleryRuns = (place, a, b) => {
    const pair = [a, b];
    place.hidden = !pair.every((one) => one?.run?.seconds > 0);
    if (place.hidden) return;
    const longest = Math.max(a.run.seconds, b.run.seconds);
    place.querySelector("p").textContent = said(place, pair);
    [trace, memory].forEach((draw, i) => {
      const chart = place.querySelectorAll("[data-chart]")[i];
      chart.replaceChildren();
      draw(chart, pair, longest);
    });
  };
  window.galleryRuns.duration = duration;
  window.galleryRuns.size = size;
})();
