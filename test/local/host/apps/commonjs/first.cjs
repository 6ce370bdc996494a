const { app } = require("@azure/functions");

app.get("first", () => ({ body: "first" }));
