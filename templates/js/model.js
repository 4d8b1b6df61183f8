// A model's page: shows the other scans, and copies snippets. The URL names the scan that is shown.
(() => {
  const hero = document.querySelector("[data-hero]");
  const links = [...document.querySelectorAll("[data-scan]")];

  // A picture, with what is laid over it.
  const pictureIn = (place) => place.querySelector(".layered") ?? place.querySelector("picture");

  function show(link, remember) {
    const picture = pictureIn(hero);
    const next = pictureIn(link).cloneNode(true);
    const sizes = picture.querySelector("source")?.sizes ?? "100vw";
    next.querySelectorAll("source, .over").forEach((source) => { source.sizes = sizes; });
    next.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });
    picture.replaceWith(next);
    hero.classList.toggle("light", link.querySelector(".frame").classList.contains("light"));
    hero.querySelector("[data-hero-link]").href = link.href;
    hero.querySelector("[data-hero-caption]").textContent = link.querySelector("[data-caption]").dataset.caption;
    for (const one of links) {
      if (one === link) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    for (const key of document.querySelectorAll("[data-key]")) key.hidden = key.dataset.key !== link.dataset.scan;
    if (remember) {
      try { history.replaceState(null, "", link === links[0] ? location.pathname : `#scan=${link.dataset.scan}`); } catch { /* an address of a file may stay as it is */ }
    }
  }

  function follow() {
    const name = new URLSearchParams(location.hash.slice(1)).get("scan");
    const link = links.find((one) => one.dataset.scan === name);
    if (link) show(link, false);
  }

  if (hero) {
    for (const link of links) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        show(link, true);
      });
    }
    addEventListener("hashchange", follow);
    follow();
  }

  const film = document.querySelector("[data-film]");
  if (film && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    new IntersectionObserver(([seen]) => {
      if (seen.isIntersecting) film.play().catch(() => { /* the visitor can still start it */ });
      else film.pause();
    }, { threshold: .3 }).observe(film);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const text = button.textContent;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("[data-snippet]").textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = text; }, 2000);
    });
  }
})();
