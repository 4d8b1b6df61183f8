// The grounds: light that adds up on black, and ink on paper. What differs between them, as in
// gallery/rendering/raster (tone.py, fit.py, gaps.py).
(function (V) {
  "use strict";

  // Linear light of the paper, and its lightness.
  const PAPER = [0.968, 0.966, 0.958];
  const WHITE = 0.988454;
  // Lightness of the faintest edge, and on paper how much darker than that it is.
  const [FLOOR, FIRST_INK] = [0.19, 0.07];
  const [TINT, CORE] = [0.94, 0.6];
  const [DEPTH, BLACKEST] = [0.17, 0.22];
  const [RED, YELLOW, GREEN, TURN] = [35, 100, 150, 34];
  // Grey levels of 8, 15, 100, 155 and 240 as linear light, and ink that is 8 levels dark.
  const [GREY_8, GREY_15, GREY_100, GREY_155, GREY_240] = [0.002428, 0.004777, 0.127438, 0.327778,
    0.871367];
  const INK_8 = 0.068556;

  V.GROUNDS = {
    dark: {
      paper: [0, 0, 0, 0],
      glows: true,
      // Light in gaps: most that is added, where half of it is, and where it is less.
      lift: [2, 0.05, 2],
      // Place of the median pixel, of that which the settings say, and of bright ones.
      middle: (place) => place,
      bright: 0.63,
      // Lightness of so little light that no edge has it, of a share of that, and of the densest.
      faint: (share) => FLOOR * Math.cbrt(share),
      dense: (lightness) => lightness + Math.max(TINT - lightness, 0) * CORE,
      // Share of the chroma and degrees of hue that a pixel of some lightness has.
      tint(goal, { lightness, hue }) {
        const part = goal / Math.max(lightness, 1e-3);
        const warm = Math.min((hue - RED) / (YELLOW - RED), (GREEN - hue) / (GREEN - YELLOW));
        return [Math.min(part, 1.25) ** 0.45, hue - TURN * Math.max(warm, 0) * Math.max(1 - part, 0)];
      },
      // How a pixel of linear light counts: -1 as dark, 1 as bright, 0 as neither, null as unlit.
      judge(r, g, b) {
        const most = Math.max(r, g, b);
        if (most <= GREY_8) return null;
        return most > GREY_240 ? 1 : most < GREY_100 ? -1 : 0;
      },
    },
    light: {
      paper: [...PAPER, WHITE],
      glows: false,
      lift: [4, 0.12, 2.4],
      middle: (place) => Math.min(1.12 * place, 0.98),
      bright: 0.7,
      faint: (share) => WHITE - FIRST_INK * Math.cbrt(share),
      dense: (lightness) => Math.min(Math.max(lightness - DEPTH, BLACKEST), lightness),
      tint(goal, { lightness, hue }) {
        const ink = Math.min((WHITE - goal) / Math.max(WHITE - lightness, 1e-3), 1);
        return [ink * (1.75 - 0.75 * ink), hue];
      },
      judge(r, g, b) {
        if (Math.max(PAPER[0] - r, PAPER[1] - g, PAPER[2] - b) <= INK_8) return null;
        const least = Math.min(r, g, b);
        return least < GREY_15 ? 1 : least > GREY_155 ? -1 : 0;
      },
    },
  };

  // The one that the page has now: that of its theme, which js/theme.js sets and the visitor switches.
  V.groundNow = () => (document.documentElement.dataset.theme === "light" ? "light" : "dark");

  V.whenGround = (change) => new MutationObserver(() => change(V.groundNow()))
    .observe(document.documentElement, { attributeFilter: ["data-theme"] });

  // A colour of the style sheet.
  V.styled = (name) => getComputedStyle(document.querySelector("[data-viewer]"))
    .getPropertyValue(name).trim();
})(window.GalleryViewer = window.GalleryViewer || {});
