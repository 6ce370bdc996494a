const { app } = require("@azure/functions");

app.get("second", () => ({ body: "second" }));
