// Shows the document that the page names, and goes to another contract's page when one is chosen.
const chosen = document.getElementById("contract");
chosen.value = chosen.dataset.chosen;
chosen.addEventListener("change", () => {
  location.assign(chosen.value === "all" ? "/docs" : `/contracts/${chosen.value}/docs`);
});
SwaggerUIBundle({ url: document.getElementById("api").dataset.document, dom_id: "#api", persistAuthorization: false });
