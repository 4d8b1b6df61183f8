// The images in which a picture comes about: sums of light, what is made of them, and its glow. A
// sheet for what moves may be smaller than the picture, by a whole number.
(function (V) {
  "use strict";

  V.Sheet = class {
    constructor(gl, { inside, plain, fibres, strands }, [whole, tall], divider) {
      const [width, height] = [whole, tall].map((side) => Math.max(1, Math.ceil(side / divider)));
      const made = [];
      const target = (form, shift = 0, linear = false) => {
        const size = [width, height].map((side) => Math.max(1, side >> shift));
        made.push(V.target(gl, form, ...size, linear));
        return made[made.length - 1];
      };
      const room = plain ? gl.RGBA8 : gl.RGBA16F;
      const soft = plain ? gl.SRGB8_ALPHA8 : gl.RGBA16F;
      Object.assign(this, { gl, made, width, height, divider });
      this.sum = target(inside);
      this.back = fibres ? target(inside) : null;
      this.lights = [target(room)];
      if (strands) {
        this.lights.push(target(room));
        this.over = V.second(gl, target(gl.RGBA16F), gl.R16F);
        made.push({ texture: this.over.second, frame: null });
      }
      this.toned = target(soft, 0, true);
      for (const name of ["near", "half", "wide"]) this[name] = target(soft, 2, true);
      for (const name of ["tiny", "soft"]) this[name] = target(soft, 4, true);
      this.shown = divider > 1 ? target(gl.RGBA8) : null;
    }

    get whole() { return this.made.every(({ whole = true }) => whole); }

    drop() { for (const one of this.made) V.drop(this.gl, one); }
  };
})(window.GalleryViewer = window.GalleryViewer || {});
