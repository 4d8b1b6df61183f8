// The schedule as a clock: the steps of the modelled run, and when each vertex runs and is in
// memory. Times are shares of the run. See gallery/rendering/viewer/schedule.py.
(function (V) {
  "use strict";

  // Parts of the run in which the moments of vertices are told.
  V.PARTS = 65535;
  const PARTS_OF_STEP = 255;
  const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
  const DIGITS = 4;

  // The first place in ascending numbers whose number is above a value.
  function above(numbers, value) {
    let [low, high] = [0, numbers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[middle] > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  V.Run = class {
    constructor(graph) {
      const { head: { run }, sections } = graph;
      const { steps, ticks, held, unit } = run;
      this.graph = graph;
      this.steps = steps;
      const parts = V.varints(sections.clock, 3 * steps);
      // When each step starts, its exchange and its computing; the run ends at 1.
      this.start = new Float64Array(steps + 1);
      this.exchange = new Float64Array(steps);
      this.compute = new Float64Array(steps);
      let now = 0;
      for (let s = 0; s < steps; s++) {
        this.start[s] = now / ticks;
        this.exchange[s] = (now += parts[s]) / ticks;
        this.compute[s] = (now += parts[steps + s]) / ticks;
        now += parts[2 * steps + s];
      }
      this.start[steps] = 1;
      this.operator = V.varints(sections.runs, steps);
      this.pass = sections.run_pass;
      this.passes = new Set(this.pass).size;
      // Bytes of each kind in each step, and of all kinds.
      const changes = V.walkEach(V.varints(sections.memory, held.length * steps), steps);
      this.memory = held.map((_, k) =>
        Float64Array.from(changes.subarray(k * steps, (k + 1) * steps), (one) => one * unit));
      this.bytes = new Float64Array(steps);
      for (const kind of this.memory) kind.forEach((one, s) => { this.bytes[s] += one; });
      const [size, name] = UNITS.find(([size]) => run.seconds >= size) || UNITS[3];
      this.unit = { size, name };
      this.digits = Math.max(0, DIGITS - Math.floor(run.seconds / size).toString().length);
    }

    // When each vertex starts and ends, and from when until when its result is in memory.
    moments() {
      const { n, head, kind, sections: { begin, end, step: steps, last } } = this.graph;
      const step = V.walk(V.varints(steps, n));
      const more = V.varints(last, n);
      const parameter = head.kinds.indexOf("parameter");
      const out = new Uint16Array(4 * n);
      for (let v = 0; v < n; v++) {
        const s = step[v];
        const long = (this.start[s + 1] - this.compute[s]) / PARTS_OF_STEP;
        const from = this.compute[s] + begin[v] * long;
        const to = this.compute[s] + end[v] * long;
        const born = kind[v] === parameter ? 0 : from;
        const places = [from, to, born, this.start[s + more[v] + 1]];
        // Only what is there from the start is in memory from 0 on.
        for (let k = 0; k < 4; k++) {
          out[4 * v + k] = places[k] ? Math.max(1, Math.round(V.PARTS * places[k])) : 0;
        }
      }
      return out;
    }

    stepAt(time) {
      return Math.max(0, Math.min(this.steps, above(this.start, time)) - 1);
    }

    at(time) {
      const s = this.stepAt(time);
      return { step: s, operator: this.operator[s], pass: this.pass[s], bytes: this.bytes[s] };
    }

    // When the next step computes, and the one before.
    next(time) { return this.compute[above(this.compute, time)] ?? 1; }

    previous(time) {
      let s = above(this.compute, time) - 1;
      while (s > 0 && this.compute[s] >= time) s--;
      return this.compute[Math.max(0, s)];
    }

    // A time of the run, with as many digits as the whole.
    told(time) {
      const { size, name } = this.unit;
      return `${(time * this.graph.head.run.seconds / size).toFixed(this.digits)} ${name}`;
    }
  };
})(window.GalleryViewer = window.GalleryViewer || {});
