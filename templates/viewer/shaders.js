// Shaders: lines and points whose light adds up, its measurement, its tones and its glow. They
// follow gallery/rendering/raster (strokes.py, tone.py, bloom.py), so that the viewer looks like the
// still picture.
(function (V) {
  "use strict";

  const SHARED = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D places, edges, moments;
uniform sampler2D tints, sparks;
uniform vec4 view, across, up;
uniform vec2 jitter;
uniform vec3 wave;
uniform float energy;
// Colour times amount, and the amount itself: hue and quantity stay separate.
out vec4 light;
ivec2 at(uint i) { return ivec2(int(i & 2047u), int(i >> 11)); }
// Where a vertex is, and its light and that of the edges that it reads; of a hidden one, that is 0.
uvec4 spot(uint v) { return texelFetch(places, at(v), 0); }
vec3 place(uvec4 spot) { return vec3(spot.xyz) / 65535.0; }
float gain(uvec4 spot) { return float(spot.w) / 4096.0; }
bool hidden(uvec4 spot) { return spot.w == 0u; }
vec2 see(vec3 p) { return vec2(dot(across, vec4(p, 1.0)), dot(up, vec4(p, 1.0))); }
vec4 stand(vec2 p) { return vec4(p * view.xy + view.zw + jitter, 0.0, 1.0); }
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);
// Light of the wave, whose clock is at wave.x: a vertex flashes while it runs, and glows while its
// result is in memory. What is there from the start, the parameters, would outshine the rest.
float beat(uint v) {
#ifndef PLAYING
  return 1.0;
#else
  vec4 moment = vec4(texelFetch(moments, at(v), 0)) / 65535.0;
  float ahead = max(moment.x - wave.x, 0.0) * wave.y;
  float behind = max(wave.x - moment.y, 0.0) * wave.y;
  float gone = max(wave.x - moment.w, 0.0) * wave.y;
  float held = wave.x < moment.z || moment.w < moment.z ? 0.0 : wave.z * exp(-gone);
  held *= moment.z == 0.0 ? 0.2 : 1.0;
  return 0.012 + held + 3.0 * exp(-9.0 * ahead * ahead - behind);
#endif
}
vec4 colour(uint v) {
  vec4 c = texelFetch(tints, at(v), 0);
  return vec4(c.rgb, 1.0) * (c.a * beat(v) * energy);
}
`;

  // Edges as lines, which are one pixel wide, or as bands of any width: two triangles each.
  const LINE = `
const float width = 0.0;
uint edge() { return uint(gl_VertexID) >> 1; }
bool reader() { return (gl_VertexID & 1) == 1; }
float aside() { return 0.0; }
`;
  const BAND = `
uniform float width;
uint edge() { return uint(gl_VertexID) / 6u; }
bool reader() { return ((gl_VertexID % 6) & 1) == 0; }
float aside() { return gl_VertexID % 6 < 2 || gl_VertexID % 6 == 3 ? -0.5 : 0.5; }
`;
  const edgesAs = (shape) => [SHARED + shape + `
uniform float reach, fade, faintest;
uniform vec2 pixels;
void main() {
  uvec2 e = texelFetch(edges, at(edge()), 0).xy;
  bool reads = reader();
  uint self = reads ? e.y : e.x;
  uvec4 near = spot(self);
  uvec4 other = spot(reads ? e.x : e.y);
  vec2 p = see(place(near));
  vec2 along = see(place(other)) - p;
  float far = length(along);
  float weight = far <= reach ? 1.0 : max(pow(reach / far, fade), faintest);
  weight *= 1.0 + (gain(reads ? near : other) - 1.0) * weight;
  // A line has one pixel per step along its longer axis: slanted ones get the light of their length.
  vec2 steps = abs(along * pixels);
  if (width == 0.0) weight *= length(steps) / max(max(steps.x, steps.y), 1e-6);
  // A band's corners are beside its ends, as seen from the source; a pixel is 2 / pixels * view.
  vec2 ahead = along * pixels * ((reads ? -1.0 : 1.0) / max(length(steps), 1e-6));
  vec2 beside = vec2(-ahead.y, ahead.x) * (aside() * width * 2.0) * view.xy / pixels;
  light = colour(self) * weight;
  gl_Position = hidden(near) || hidden(other) ? NOWHERE : stand(p) + vec4(beside, 0.0, 0.0);
}`, `#version 300 es
precision highp float;
in vec4 light;
out vec4 sum;
void main() { sum = light; }`];
  V.LINES = edgesAs(LINE);
  V.BANDS = edgesAs(BAND);

  // Fibres as in gallery/placement/fibres.py and raster/curves.py: curves, of which a long piece blends
  // the colours of the ends; where it lies differs, so that the colours of many blend softly.
  V.PIECES = 13;
  V.FIBRES = [SHARED + `
const int HALF = ${(V.PIECES - 1) / 2};
uniform vec2 middle, pixels;
uniform float pull, gather, shine, far;
uniform int first;
const float BLEND = 0.18, SHIFT = 0.3;
vec2 curve(vec3 a, vec3 b, float blend, int k) {
  float t = k <= HALF ? (blend - 0.5 * BLEND) * float(k) / float(HALF)
      : 1.0 - (1.0 - blend - 0.5 * BLEND) * float(2 * HALF + 1 - k) / float(HALF);
  float s = 1.0 - t;
  vec3 level = vec3(middle, 0.5);
  vec3 inner = vec3(pull, gather, gather);
  vec3 mean = mix(a, b, 0.5);
  vec3 one = level + inner * (vec3(a.x, mean.yz) - level);
  vec3 two = level + inner * (vec3(b.x, mean.yz) - level);
  return see(s * s * s * a + 3.0 * s * s * t * one + 3.0 * s * t * t * two + t * t * t * b);
}
void main() {
  int piece = gl_VertexID / 2 % ${V.PIECES};
  int end = gl_VertexID % 2;
  uint own = uint(first + gl_VertexID / ${2 * V.PIECES});
  float blend = 0.5 + SHIFT * (float(own * 2654435769u) / 4294967296.0 - 0.5);
  uvec2 e = texelFetch(edges, at(own), 0).xy;
  uvec4 from = spot(e.x);
  uvec4 to = spot(e.y);
  vec3 a = place(from);
  vec3 b = place(to);
  int k = piece + end;
  vec2 p = curve(a, b, blend, k);
  vec2 steps = abs((curve(a, b, blend, piece + 1 - end) - p) * pixels);
  float t = float(k) / ${V.PIECES}.0;
  float away = mix(a.x, b.x, t) - middle.x;
  float weight = shine / (1.0 + away * away / (far * far));
  weight *= length(steps) / max(max(steps.x, steps.y), 1e-6);
  light = colour(k <= HALF ? e.x : e.y) * weight;
  gl_Position = hidden(from) || hidden(to) ? NOWHERE : stand(p);
}`, V.LINES[1]];

  V.POINTS = [SHARED + `
uniform float size, strength;
uniform uint stride, count;
void main() {
  // Strides through the vertices, so that a part of them looks like all.
  uint v = (uint(gl_VertexID) * stride) % count;
  uvec4 own = spot(v);
  // The dots of hubs have more light than others.
  float spark = 1.0 + 5.0 * texelFetch(sparks, at(v), 0).x;
  light = colour(v) * (strength * gain(own) * spark);
  gl_PointSize = size;
  gl_Position = hidden(own) ? NOWHERE : stand(see(place(own)));
}`, `#version 300 es
precision highp float;
in vec4 light;
out vec4 sum;
void main() {
  vec2 d = gl_PointCoord * 2.0 - 1.0;
  float inside = max(0.0, 1.0 - dot(d, d));
  sum = light * (inside * inside);
}`];

  const WHOLE = `#version 300 es
void main() {
  vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

  // Strands: each takes from what is under it, in a line and a rim on either side of it, and adds its
  // own light; where much light is, it does little. The sums of what they add, and of what they leave
  // of what is under all of them, blend alike in both images.
  V.STRANDS = [SHARED + BAND + `
uniform vec2 pixels;
uniform float rim;
out float beside;
flat out vec2 reach;
void main() {
  uvec2 e = texelFetch(edges, at(edge()), 0).xy;
  bool reads = reader();
  uvec4 near = spot(reads ? e.y : e.x);
  uvec4 other = spot(reads ? e.x : e.y);
  vec2 p = see(place(near));
  vec2 along = (see(place(other)) - p) * pixels * (reads ? -1.0 : 1.0);
  vec2 steps = abs(along);
  float stretch = length(steps) / max(max(steps.x, steps.y), 1e-6);
  // Half the width of the strand alone and with its rims, and a pixel for their soft edges.
  reach = vec2(0.5, 0.5 + rim) * width * stretch;
  float half_width = (0.5 + rim) * width + 1.0;
  beside = 2.0 * aside() * half_width * stretch;
  vec2 ahead = along / max(length(along), 1e-6);
  vec2 corner = vec2(-ahead.y, ahead.x) * (4.0 * aside() * half_width) * view.xy / pixels;
  light = colour(reads ? e.y : e.x) / energy;
  gl_Position = hidden(near) || hidden(other) ? NOWHERE
                                              : vec4(p * view.xy + view.zw + corner, 0.0, 1.0);
}`, `#version 300 es
precision highp float;
uniform sampler2D under;
uniform float gain, shine, veil, dim;
in vec4 light;
in float beside;
flat in vec2 reach;
layout(location = 0) out vec4 over;
layout(location = 1) out vec4 amount;
void main() {
  vec2 sides = clamp(reach + 0.5 - abs(beside), 0.0, 1.0);
  float free = veil / (veil + texelFetch(under, ivec2(gl_FragCoord.xy), 0).a * gain);
  float found = shine * min(sides.x, 2.0 * reach.x) * free;
  float taken = dim * sides.y * free * min(light.a, 1.0);
  over = vec4(light.rgb * found, taken);
  amount = vec4(light.a * found, 0.0, 0.0, taken);
}`];

  // The light of the picture from that of its edges and vertices, with what is laid over them, more of
  // it in the gaps, and what shines from behind. Half floats end at 65,504.
  V.composeOf = ({ laid, lifted, back }) => [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D under, over, amounts, gaps, behind;
uniform float gain, unit, shown, veil;
uniform vec4 spread;
uniform vec3 lift;
out vec4 light;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  light = texelFetch(under, at, 0) * gain;
  ${laid ? `vec4 strands = texelFetch(over, at, 0);
  light = light * strands.a + vec4(strands.rgb, texelFetch(amounts, at, 0).r);` : ""}
  ${lifted ? `if (light.a > 0.0) {
    vec2 seen = gl_FragCoord.xy / vec2(textureSize(under, 0));
    float bright = light.a / lift.z;
    float share = texture(gaps, seen * spread.xy + spread.zw).r;
    light *= 1.0 + lift.x * share / ((light.a + lift.y) * (1.0 + bright * bright));
  }` : ""}
  ${back ? "light += texelFetch(behind, at, 0) * (shown * veil / (veil + light.a));" : ""}
  light *= unit * min(1.0, 60000.0 / max(light.a, 1.0));
}`];

  // An even sample of the picture, for the tone curve.
  V.MEASURE = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D image;
uniform float gain, parts;
out vec4 light;
void main() {
  vec2 size = vec2(textureSize(image, 0));
  light = texelFetch(image, ivec2(gl_FragCoord.xy / parts * size), 0) * gain;
}`];

  // The mean colour gives hue and chroma, the amount gives the lightness: see tone.py.
  // Light adds up on black, or ink on paper.
  const ON_BLACK = `
const float FLOOR = 0.19, TINT = 0.94, CORE = 0.6;
const float RED = 35.0, YELLOW = 100.0, GREEN = 150.0, TURN = 34.0;
float faint(float share) { return FLOOR * pow(share, 1.0 / 3.0); }
float dense(float own) { return own + max(TINT - own, 0.0) * CORE; }
float kept(float goal, float own) { return pow(min(goal / max(own, 1e-3), 1.25), 0.45); }
// Dim light between red and green turns to red: dim yellow would be olive.
float turned(float degrees, float goal, float own) {
  float warm = min((degrees - RED) / (YELLOW - RED), (GREEN - degrees) / (GREEN - YELLOW));
  return max(warm, 0.0) * max(1.0 - goal / max(own, 1e-3), 0.0) * radians(TURN);
}`;
  const ON_PAPER = `
const float FIRST_INK = 0.07, DEPTH = 0.17, BLACKEST = 0.22;
float faint(float share) { return paper.w - FIRST_INK * pow(share, 1.0 / 3.0); }
float dense(float own) { return min(max(own - DEPTH, BLACKEST), own); }
float kept(float goal, float own) {
  float ink = min((paper.w - goal) / max(paper.w - own, 1e-3), 1.0);
  return ink * (1.75 - 0.75 * ink);
}
float turned(float degrees, float goal, float own) { return 0.0; }`;
  V.toneOf = (glows) => [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D image, limits, rise;
uniform float gain;
uniform vec2 curve;
uniform vec4 paper;
out vec4 colour;
const mat3 TO_LMS = mat3(0.4122214708, 0.2119034982, 0.0883024619, 0.5363325363, 0.6806995451,
  0.2817188376, 0.0514459929, 0.1073969566, 0.6299787005);
const mat3 TO_LAB = mat3(0.2104542553, 1.9779984951, 0.0259040371, 0.7936177850, -2.4285922050,
  0.7827717662, -0.0040720468, 0.4505937099, -0.8086757660);
const mat3 FROM_LAB = mat3(1.0, 1.0, 1.0, 0.3963377774, -0.1055613458, -0.0894841775,
  0.2158037573, -0.0638541728, -1.2914855480);
const mat3 FROM_LMS = mat3(4.0767416621, -1.2684380046, -0.0041960863, -3.3077115913,
  2.6097574011, -0.7034186147, 0.2309699292, -0.3413193965, 1.7076147010);
const float BODY = 0.7;
${glows ? ON_BLACK : ON_PAPER}
float between(sampler2D table, vec2 at) {
  vec2 size = vec2(textureSize(table, 0));
  return texture(table, (at * (size - 1.0) + 0.5) / size).r;
}
void main() {
  vec4 light = texelFetch(image, ivec2(gl_FragCoord.xy), 0);
  colour = vec4(paper.rgb, 1.0);
  float amount = light.a * gain;
  if (amount <= 0.0) return;
  vec3 lab = TO_LAB * pow(max(TO_LMS * (light.rgb / light.a), 0.0), vec3(1.0 / 3.0));
  float chroma = max(length(lab.yz), 1e-6);
  float hue = atan(lab.z, lab.y) / 6.2831853;
  float first = faint(min(amount / curve.x, 1.0));
  float goal = first;
  if (amount > curve.x) {
    float place = between(rise, vec2(min(log(amount / curve.x) / curve.y, 1.0), 0.0));
    goal = place < BODY ? mix(first, lab.x, place / BODY)
                        : mix(lab.x, dense(lab.x), (place - BODY) / (1.0 - BODY));
  }
  float wanted = chroma * kept(goal, lab.x);
  float turn = turned(fract(hue) * 360.0, goal, lab.x);
  hue -= turn / 6.2831853;
  float hues = float(textureSize(limits, 0).x);
  float limit = 0.4 * between(limits, vec2((hue * hues - 0.5) / (hues - 1.0), goal));
  vec2 ab = mat2(cos(turn), -sin(turn), sin(turn), cos(turn)) * lab.yz;
  ab *= min(wanted, 0.96 * limit) / chroma;
  vec3 roots = FROM_LAB * vec3(goal, ab);
  colour.rgb = max(FROM_LMS * (roots * roots * roots), 0.0);
}`];

  // A quarter of the size.
  V.SHRINK = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D image;
out vec4 colour;
void main() {
  vec2 texel = 1.0 / vec2(textureSize(image, 0));
  vec2 middle = gl_FragCoord.xy * 4.0;
  colour = vec4(0.0);
  for (int k = 0; k < 4; k++) {
    vec2 at = middle + vec2(float(k & 1), float(k >> 1)) * 2.0 - 1.0;
    colour += 0.25 * texture(image, at * texel);
  }
}`];

  // One axis of a Gaussian whose standard deviation is two steps of 'along'.
  V.BLUR = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D image;
uniform vec2 along;
out vec4 colour;
void main() {
  vec2 at = gl_FragCoord.xy / vec2(textureSize(image, 0));
  float weight[5] = float[](0.2042, 0.1802, 0.1238, 0.0663, 0.0276);
  colour = texture(image, at) * weight[0];
  for (int k = 1; k < 5; k++) {
    vec2 apart = along * float(k);
    colour += (texture(image, at + apart) + texture(image, at - apart)) * weight[k];
  }
}`];

  // Glow of three widths.
  V.GLOW = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D near, wide, widest;
out vec4 colour;
void main() {
  vec2 at = gl_FragCoord.xy / vec2(textureSize(near, 0));
  colour = vec4(0.30 * texture(near, at).rgb + 0.16 * texture(wide, at).rgb
    + 0.09 * texture(widest, at).rgb, 1.0);
}`];

  // With its glow, as sRGB; what is too bright keeps its hue.
  V.FINISH = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D image, around;
uniform float glow;
out vec4 colour;
void main() {
  vec2 at = gl_FragCoord.xy / vec2(textureSize(image, 0));
  vec3 c = texelFetch(image, ivec2(gl_FragCoord.xy), 0).rgb + glow * texture(around, at).rgb;
  float most = max(c.r, max(c.g, c.b));
  c *= most > 0.985 ? 0.985 / most : 1.0;
  colour = vec4(mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c)), 1.0);
}`];
})(window.GalleryViewer = window.GalleryViewer || {});
