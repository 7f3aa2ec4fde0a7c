// Runs before the first paint, so that a chosen theme never flashes: hence a small script of its own, not a module.
{
  const chosen = localStorage.getItem("holdpoint.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("has-script");
}
