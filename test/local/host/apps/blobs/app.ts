import { app, output } from "@azure/functions";

const kept = output.storageBlob({ path: "kept/{folder}/{name}.txt", connection: "BLOBS" });

app.post("keep/{folder}", {
  extraOutputs: [kept],
  async handler(request, context) {
    const { text } = JSON.parse(await request.text());
    context.extraOutputs.set(kept, text);
    return { status: 201 };
  },
});

const report = output.storageBlob({ path: "reports/{rand-guid}", connection: "BLOBS" });

app.get("report", {
  extraOutputs: [report],
  handler: (_, context) => {
    context.extraOutputs.set(report, { rows: [1, 2] });
    return { status: 204 };
  },
});
