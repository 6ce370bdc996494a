const BYTES = 200_000;

/** Payloads made to be expensive, about as large as each other: deep, wide, repetitive, and full of near matches. */
export function hostilePayloads(): Record<string, string> {
  const filled = (unit: string) => unit.repeat(Math.floor(BYTES / unit.length));
  const list = (unit: string) => `[${filled(`${unit},`)}${unit}]`;
  const event = (data: string, type = "Microsoft.MachineLearningServices.RunStatusChanged") =>
    `{"id":"1","topic":"/t","subject":"s","eventType":"${type}","eventTime":"2026-07-01T00:00:00Z","data":${data}}`;
  const tagged = (text: string) =>
    event(
      JSON.stringify({
        runId: "r",
        runStatus: "Completed",
        runTags: { azureml_modelmonitor_threshold_breached: text },
      }),
    );
  const alert = (context: string, targets = "[]") =>
    `{"schemaId":"azureMonitorCommonAlertSchema","data":{"essentials":{"alertId":"a","alertRule":"r","severity":"Sev2",` +
    `"signalType":"Metric","monitorCondition":"Fired","monitoringService":"Platform","alertTargetIDs":${targets},` +
    `"firedDateTime":"2026-07-01T00:00:00Z"},"alertContext":${context}}}`;
  const keys = Array.from({ length: 12_000 }, (_, index) => `"k${index}":${index}`).join(",");
  /** Each as wide as a door lets an object be, and no two alike. */
  const wideRecords = Array.from({ length: 6 }, (_, record) => {
    const fields = Array.from({ length: 2_000 }, (_, index) => `"r${record}k${index}":${index}`);
    return `{${fields.join(",")}}`;
  });
  return {
    "deep lists": `${"[".repeat(2_000)}${"]".repeat(2_000)}${" ".repeat(BYTES)}`,
    "a wide object": `{${keys}}`,
    "wide records": `{"records":[${wideRecords.join(",")}]}`,
    "a wide event": event(`{${keys}}`),
    "wide tags": event(`{"runId":"r","runStatus":"Completed","runTags":{${keys}}}`),
    "a tag of quotes": tagged(`The signal 'x' has failed ['${filled("\\'")}`),
    "a tag of near items": tagged(`['${filled("{\"metric_name\": 1}', '")}']`),
    "a tag of openings": tagged(filled("['")),
    "an endless name": event(
      JSON.stringify({ ModelName: filled("a:"), ModelVersion: "1" }),
      "Microsoft.MachineLearningServices.ModelRegistered",
    ),
    "commas of models": event(
      JSON.stringify({ ServiceName: "s", ModelIds: filled("a:1,") }),
      "Microsoft.MachineLearningServices.ModelDeployed",
    ),
    "JSON in JSON": event(JSON.stringify(`{${keys}}`)),
    "many criteria": alert(`{"condition":{"allOf":${list('{"metricName":"x","threshold":"1"}')}}}`),
    "many targets": alert("{}", list('"/subscriptions/s/providers/microsoft.machinelearningservices/x"')),
    "many dimensions": alert(
      `{"condition":{"allOf":[{"metricName":"x","dimensions":${list('{"name":"a","value":"b"}')}}]}}`,
    ),
    "a query of near matches": alert(
      JSON.stringify({ condition: { allOf: [{ searchQuery: filled("AmlOnlineEndpointTrafficLo ") }] } }),
    ),
    "money of points": `{"schemaId":"AIP Budget Notification","data":{"BudgetName":"b","SpendingAmount":"${filled("1.")}"}}`,
    "empty records": `{"records":${list("{}")}}`,
    "records of text": `{"records":${list('"x"')}}`,
    "traffic without fields": `{"records":${list('{"category":"AmlOnlineEndpointTrafficLog"}')}}`,
    "lists of lists": list("[]"),
    "as many lists as may be": list("[]     "),
    "empty texts": list('""'),
    prototypes: `{"records":${list('{"__proto__":{"a":1},"constructor":{"prototype":{}}}')}}`,
  };
}
