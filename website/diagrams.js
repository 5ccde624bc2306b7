// Render the diagrams of a page with the copy of mermaid in this website. A page without a diagram does not load it.
document.addEventListener("DOMContentLoaded", () => {
  const sources = document.querySelectorAll("pre.diagram")
  if (!sources.length) return
  const script = document.createElement("script")
  script.src = new URL("mermaid.min.js", document.querySelector('script[src*="website/diagrams.js"]').src)
  script.onload = async () => {
    const isDark = document.body.getAttribute("data-md-color-scheme") === "slate"
    mermaid.initialize({ startOnLoad: false, theme: isDark ? "dark" : "default" })
    for (const [index, source] of sources.entries()) {
      const { svg } = await mermaid.render(`diagram-${index}`, source.textContent)
      const diagram = document.createElement("div")
      diagram.className = "diagram"
      diagram.innerHTML = svg
      source.replaceWith(diagram)
    }
  }
  document.head.append(script)
})
