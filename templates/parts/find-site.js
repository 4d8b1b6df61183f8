/* The page for wrong addresses is shown at any depth and links from the root of the host. Where the
   site is in a folder there, lead to that: the nearest one above that has a manifest. */
(function () {
  "use strict";
  function lead(folder) {
    document.querySelectorAll("a[href^='/']").forEach(function (link) {
      link.href = folder + link.getAttribute("href").slice(1);
    });
  }
  function look(folder) {
    var above = new URL("..", folder).href;
    if (above === folder) { return; }
    fetch(folder + "manifest.json", { method: "HEAD" }).then(function (answer) {
      if (answer.ok) { lead(folder); } else { look(above); }
    }, function () { look(above); });
  }
  addEventListener("DOMContentLoaded", function () {
    var here = new URL(".", location.href).href;
    var opened = location.protocol === "file:" || location.pathname.endsWith("/404.html");
    (opened ? lead : look)(here);
  });
}());
