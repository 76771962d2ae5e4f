// The page's only script of its own: inline scripts are forbidden by its policy.
window.ui = SwaggerUIBundle({
  url: "openapi.json", // beside this page, under whatever sub-path
  dom_id: "#page",
  deepLinking: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
