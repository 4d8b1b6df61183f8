// Reads the viewer's data (gallery/rendering/viewer/container.py): base64, deflate, a head in JSON
// and sections of bytes. The data are a script because pages on file:// may not fetch anything; for
// the same reason these files are classic scripts that share the one name GalleryViewer.
(function (V) {
  "use strict";

  let receive;
  V.received = new Promise((resolve) => { receive = resolve; });
  V.data = (text) => receive(text);

  function bytesOf(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
  }

  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // Text from base64 and deflate.
  V.text = async (text) => new TextDecoder().decode(await inflate(bytesOf(text)));

  V.open = async function (text) {
    const bytes = bytesOf(text);
    if (String.fromCharCode(...bytes.subarray(0, 4)) !== "GNV1") throw new Error("the viewer's data are damaged");
    const raw = await inflate(bytes.subarray(4));
    const length = new DataView(raw.buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(raw.subarray(4, 4 + length)));
    const sections = {};
    let place = 4 + length;
    for (const [name, size] of Object.entries(head.sections)) {
      sections[name] = raw.subarray(place, place + size);
      place += size;
    }
    return { head, sections };
  };

  // Numbers below 2^32 from varints.
  V.varints = function (bytes, count) {
    const out = new Uint32Array(count);
    let place = 0;
    for (let i = 0; i < count; i++) {
      let byte = bytes[place++];
      let value = byte & 127;
      let shift = 7;
      while (byte > 127) {
        byte = bytes[place++];
        value |= (byte & 127) << shift;
        shift += 7;
      }
      out[i] = value;
    }
    return out;
  };

  // Numbers from their differences in zigzag encoding; in place.
  V.walk = function (steps) {
    const out = new Int32Array(steps.buffer, steps.byteOffset, steps.length);
    let value = 0;
    for (let i = 0; i < out.length; i++) {
      const step = steps[i];
      value += (step >>> 1) ^ -(step & 1);
      out[i] = value;
    }
    return out;
  };

  // Several lists of numbers from their differences, each of them so long; in place.
  V.walkEach = function (steps, long) {
    for (let from = 0; from < steps.length; from += long) V.walk(steps.subarray(from, from + long));
    return new Int32Array(steps.buffer);
  };

  V.sums = function (steps) {
    let value = 0;
    for (let i = 0; i < steps.length; i++) steps[i] = value += steps[i];
    return steps;
  };

  V.planes = function (bytes) {
    const count = bytes.length / 2;
    const out = new Uint16Array(count);
    for (let i = 0; i < count; i++) out[i] = bytes[i] | (bytes[count + i] << 8);
    return out;
  };

  // Numbers below 65,536 from their differences, in units of so much.
  V.smooth = function (bytes, unit) {
    const out = V.planes(bytes);
    let value = 0;
    for (let i = 0; i < out.length; i++) {
      const step = out[i];
      value += (step >>> 1) ^ -(step & 1);
      out[i] = unit * value;
    }
    return out;
  };
})(window.GalleryViewer = window.GalleryViewer || {});
