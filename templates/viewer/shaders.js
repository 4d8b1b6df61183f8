// Shaders: lines and points whose light adds up, the measure of the light, and its tone.
(function (V) {
  "use strict";

  const SHARED = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D places, about, rows, edges;
uniform sampler2D palette, mask;
uniform vec4 view;
uniform vec2 jitter;
uniform vec3 passes;
uniform vec4 wave;
uniform float energy;
out vec3 light;
ivec2 at(uint i) { return ivec2(int(i & 2047u), int(i >> 11)); }
vec2 place(uint v) { return vec2(texelFetch(places, at(v), 0).xy) / 65535.0; }
float shown(uint v) { return passes[min(texelFetch(about, at(v), 0).x >> 24, 2u)]; }
// Light of the wave at the vertex's place in the order of execution.
float beat(uint v) {
  if (wave.z == 0.0) return 1.0;
  float behind = wave.x - float(v) / wave.w;
  float glow = behind < 0.0 ? exp(behind * behind * -wave.y * wave.y * 9.0)
                            : exp(-behind * wave.y);
  return 0.035 + 4.0 * glow;
}
vec3 colour(uint v) {
  uint row = texelFetch(rows, at(v), 0).x;
  vec4 c = texelFetch(palette, ivec2(int(row & 255u), int(row >> 8)), 0);
  uint o = texelFetch(about, at(v), 0).x & 0xffffffu;
  float lit = texelFetch(mask, at(o), 0).x;
  return c.rgb * (c.a * lit * beat(v) * energy);
}
`;

  V.LINES = [SHARED + `
uniform vec2 scale;
void main() {
  uvec2 e = texelFetch(edges, at(uint(gl_VertexID) >> 1), 0).xy;
  bool reads = (gl_VertexID & 1) == 1;
  uint self = reads ? e.y : e.x;
  uint other = reads ? e.x : e.y;
  vec2 p = place(self);
  float visible = shown(self) * shown(other);
  // Long edges would drown what lies below them: their light spreads over their length.
  float far = distance(p, place(other));
  light = colour(self) * visible / (1.0 + 9.0 * far);
  gl_Position = visible == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0)
                               : vec4(p * view.xy + view.zw + jitter, 0.0, 1.0);
}`, `#version 300 es
precision highp float;
in vec3 light;
out vec4 sum;
void main() { sum = vec4(light, 1.0); }`];

  V.POINTS = [SHARED + `
uniform float size;
uniform uint stride, count;
void main() {
  // Strides through the vertices, so that a part of them looks like all.
  uint v = (uint(gl_VertexID) * stride) % count;
  float visible = shown(v);
  light = colour(v) * visible;
  gl_PointSize = size;
  gl_Position = visible == 0.0 ? vec4(2.0, 2.0, 2.0, 1.0)
                               : vec4(place(v) * view.xy + view.zw + jitter, 0.0, 1.0);
}`, `#version 300 es
precision highp float;
in vec3 light;
out vec4 sum;
void main() {
  vec2 d = gl_PointCoord * 2.0 - 1.0;
  sum = vec4(light * max(0.0, 1.0 - dot(d, d)), 1.0);
}`];

  const WHOLE = `#version 300 es
void main() {
  vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

  // The brightest of up to 64 samples in each of 64 x 64 parts of the picture.
  V.MEASURE = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D sum;
out vec4 peak;
void main() {
  vec2 size = vec2(textureSize(sum, 0));
  float most = 0.0;
  for (int k = 0; k < 64; k++) {
    vec2 inside = vec2(float(k & 7) + 0.5, float(k >> 3) + 0.5) / 8.0;
    vec2 at = (floor(gl_FragCoord.xy) + inside) / 64.0 * size;
    vec3 c = texelFetch(sum, ivec2(at), 0).rgb;
    most = max(most, max(c.r, max(c.g, c.b)));
  }
  peak = vec4(most, 0.0, 0.0, 1.0);
}`];

  // A logarithmic curve on the strongest channel; the ratios of the channels, and so hue and
  // saturation, stay as they are, but for the last of the curve, where cores grow pale.
  V.TONE = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D sum, bloom;
uniform float gain, peak, halo;
out vec4 colour;
vec3 tone(vec3 c) {
  float v = max(c.r, max(c.g, c.b));
  if (v <= 0.0) return vec3(0.0);
  float t = min(1.0, log(1.0 + 1.6 * v) / peak);
  t = pow(t, 1.7);
  return mix(c / v * t, vec3(t), 0.3 * smoothstep(0.7, 1.0, t));
}
void main() {
  vec3 c = tone(texelFetch(sum, ivec2(gl_FragCoord.xy), 0).rgb * gain);
  vec2 at = gl_FragCoord.xy / vec2(textureSize(sum, 0));
  if (halo > 0.0) {
    vec3 b = texture(bloom, at).rgb;
    c = 1.0 - (1.0 - min(c, 1.0)) * (1.0 - min(b * halo, 1.0));
  }
  // Ground of the gallery's scans, not quite black.
  c += vec3(0.0013, 0.0015, 0.0025);
  colour = vec4(mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c)), 1.0);
}`];

  // A quarter of the size, toned; then blurred along one axis after the other.
  V.SMALL = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D sum;
uniform float gain, peak;
out vec4 colour;
void main() {
  ivec2 corner = ivec2(gl_FragCoord.xy) * 4;
  ivec2 last = textureSize(sum, 0) - 1;
  vec3 total = vec3(0.0);
  for (int k = 0; k < 16; k++) {
    total += texelFetch(sum, min(corner + ivec2(k & 3, k >> 2), last), 0).rgb;
  }
  total *= gain / 16.0;
  float v = max(total.r, max(total.g, total.b));
  float t = min(1.0, log(1.0 + 1.6 * v) / peak);
  colour = vec4(v > 0.0 ? total / v * t * t * t : vec3(0.0), 1.0);
}`];

  V.BLUR = [WHOLE, `#version 300 es
precision highp float;
uniform sampler2D sum;
uniform vec2 along;
out vec4 colour;
void main() {
  vec2 at = gl_FragCoord.xy / vec2(textureSize(sum, 0));
  vec3 total = texture(sum, at).rgb * 0.227;
  float weight[4] = float[](0.1946, 0.1216, 0.0541, 0.0162);
  for (int k = 1; k <= 4; k++) {
    vec2 step = along * float(k) * 1.6;
    total += (texture(sum, at + step).rgb + texture(sum, at - step).rgb) * weight[k - 1];
  }
  colour = vec4(total, 1.0);
}`];

  // Where no floating-point target can be had, light adds up in eight bits at once.
  V.PLAIN_GAIN = 0.09;
})(window.GalleryViewer = window.GalleryViewer || {});
