// Small wrappers around WebGL2: programs with their uniforms, integer textures, render targets.
(function (V) {
  "use strict";

  V.WIDTH = 2048;

  // `defined` is a name for the vertex shader's #ifdef, or "".
  V.program = function (gl, [vertex, fragment], defined = "") {
    const program = gl.createProgram();
    const first = defined ? vertex.replace("\n", `\n#define ${defined}\n`) : vertex;
    for (const [type, source] of [[gl.VERTEX_SHADER, first], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
      throw new Error([gl.getProgramInfoLog(program), ...logs].join(" ").trim());
    }
    const uniforms = {};
    const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS);
    for (let i = 0; i < count; i++) {
      const { name } = gl.getActiveUniform(program, i);
      uniforms[name] = gl.getUniformLocation(program, name);
    }
    return { program, at: uniforms };
  };

  // A texture that holds a list, with WIDTH numbers (or groups of them) per row.
  V.list = function (gl, [inside, format, type], values, each) {
    const texture = gl.createTexture();
    V.fill(gl, texture, [inside, format, type], values, each);
    return texture;
  };

  V.fill = function (gl, texture, [inside, format, type], values, each, width = V.WIDTH) {
    const height = Math.max(1, Math.ceil(values.length / each / width));
    let padded = values;
    if (values.length !== height * width * each) {
      padded = new values.constructor(height * width * each);
      padded.set(values);
    }
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, inside, width, height, 0, format, type, padded);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    }
  };

  // A lookup table with interpolation, one byte or float per entry; columns wrap around.
  V.table = function (gl, texture, values, width) {
    const form = values instanceof Float32Array
      ? [gl.R16F, gl.RED, gl.FLOAT] : [gl.R8, gl.RED, gl.UNSIGNED_BYTE];
    V.fill(gl, texture, form, values, 1, width);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  };

  // A texture to draw on; `linear` if it is read between its texels.
  V.target = function (gl, inside, width, height, linear) {
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, inside, width, height);
    const filter = linear ? gl.LINEAR : gl.NEAREST;
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    const frame = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    const whole = gl.checkFramebufferStatus(gl.FRAMEBUFFER) === gl.FRAMEBUFFER_COMPLETE;
    return { texture, frame, width, height, whole };
  };

  // Adds a texture of one number a pixel to a target, which the second output of shaders is drawn on.
  V.second = function (gl, target, inside) {
    const { texture, frame } = V.target(gl, inside, target.width, target.height);
    gl.deleteFramebuffer(frame);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT1, gl.TEXTURE_2D, texture, 0);
    gl.drawBuffers([gl.COLOR_ATTACHMENT0, gl.COLOR_ATTACHMENT1]);
    return { ...target, second: texture };
  };

  // Draws one image from others, which are named after the program's samplers; on the canvas if there
  // is no target.
  V.draw = function (gl, { program, at }, target, images) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, target ? target.frame : null);
    gl.viewport(0, 0, target ? target.width : gl.drawingBufferWidth,
      target ? target.height : gl.drawingBufferHeight);
    gl.useProgram(program);
    Object.entries(images).forEach(([name, { texture }], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(at[name], unit);
    });
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  };

  V.drop = function (gl, target) {
    if (!target) return;
    gl.deleteTexture(target.texture);
    if (target.second) gl.deleteTexture(target.second);
    gl.deleteFramebuffer(target.frame);
  };
})(window.GalleryViewer = window.GalleryViewer || {});
