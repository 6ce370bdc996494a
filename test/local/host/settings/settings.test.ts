import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { filteredLog } from "../../../../local/host/logging.ts";
import {
  applyEnvironment,
  connectionString,
  resolveSettings,
} from "../../../../local/host/settings/app-settings.ts";
import { readHostJson } from "../../../../local/host/settings/host-json.ts";
import { misspeltNames } from "../../../../local/host/settings/host-json-names.ts";
import { parseLenientJson } from "../../../../local/host/settings/lenient-json.ts";
import { parseTimeSpan } from "../../../../local/host/settings/time-span.ts";
import { scratch } from "../harness.ts";

describe("JSON as Azure reads settings files", () => {
  test("may hold comments, trailing commas and a byte order mark", () => {
    const text = '\uFEFF{ // one\n "a": [1, 2,], /* two\n lines */ "b": 3, }';
    expect(parseLenientJson(text)).toEqual({ a: [1, 2], b: 3 });
  });

  test("keeps texts that look like comments or trailing commas", () => {
    expect(parseLenientJson('{"a":"http://x /* y */ ,]","b":"\\"//"}')).toEqual({
      a: "http://x /* y */ ,]",
      b: '"//',
    });
  });
});

test.each([
  { text: "00:05:00", ms: 300_000 },
  { text: "1.02:03:04.5", ms: 93_784_500 },
  { text: "00:00:00.0010000", ms: 1 },
  { text: "24:00:00", ms: 24 * 86_400_000 },
  { text: "5", ms: undefined },
])("the time span '$text' is $ms ms", ({ text, ms }) => {
  expect(parseTimeSpan(text)).toBe(ms);
});

test("names in host.json that Azure passes over are found with the name that was meant, in any section", () => {
  const json = {
    version: "2.0",
    functionTimout: "00:05:00",
    Extensions: { HTTP: { routePrefx: "", hsts: {} }, durableTask: { hubname: "a" }, myOwnThing: {} },
  };
  expect(misspeltNames(json)).toEqual([
    { path: "functionTimout", meant: "functionTimeout" },
    { path: "extensions.http.routePrefx", meant: "routePrefix" },
  ]);
});

describe("host.json", () => {
  const read = (text: string, environment: NodeJS.ProcessEnv = {}) => {
    const folder = scratch();
    writeFileSync(path.join(folder, "host.json"), text);
    return readHostJson(folder, environment);
  };

  test("is refused for a misspelt name, with the name that was meant", () => {
    expect(() => read('{"version":"2.0","functionTimout":"00:05:00"}')).toThrow(
      "is wrong: 'functionTimout' is no setting, and Azure passes over a name it does not know. Did you mean 'functionTimeout'?",
    );
  });

  test("is refused for a comment, with its line, and not for a text that looks like one", () => {
    expect(() => read('{\n"version":"2.0",\n/* why */"functions":[]}')).toThrow("has a comment in line 3");
    expect(read('{"version":"2.0","functions":["// no","/* comment */"]}').functions).toHaveLength(2);
  });

  test("has the real host's defaults", () => {
    const { extensions, functionTimeout } = read('{"version":"2.0"}');
    expect(functionTimeout).toBe(30 * 60_000);
    expect(extensions.http.routePrefix).toBe("api");
    expect(extensions.serviceBus).toMatchObject({
      autoCompleteMessages: true,
      maxConcurrentSessions: 8,
      maxConcurrentCallsPerSession: 1,
      maxAutoLockRenewalDuration: 300_000,
      maxMessageBatchSize: 1000,
    });
    expect(extensions.eventHubs).toMatchObject({
      maxEventBatchSize: 100,
      batchCheckpointFrequency: 1,
      prefetchCount: 300,
      initialOffsetOptions: { type: "fromStart" },
    });
  });

  test("is overridden by the environment, whatever the case, with numbers and booleans as such", () => {
    const { extensions } = read('{"version":"2.0","extensions":{"serviceBus":{"maxConcurrentCalls":5}}}', {
      AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls: "2",
      AzureFunctionsJobHost__extensions__ServiceBus__autoCompleteMessages: "false",
      AzureFunctionsJobHost__extensions__http__routePrefix: "v1",
    });
    expect(extensions.serviceBus).toMatchObject({ maxConcurrentCalls: 2, autoCompleteMessages: false });
    expect(extensions.http.routePrefix).toBe("v1");
  });

  test.each([
    { text: '{"version":"1.0"}', says: "version" },
    { text: '{"version":"2.0","functionTimeout":"soon"}', says: "functionTimeout: found 'soon'" },
    {
      text: '{"version":"2.0","extensions":{"serviceBus":{"maxConcurrentCalls":0}}}',
      says: "extensions.serviceBus.maxConcurrentCalls",
    },
    { text: '{"version":', says: "is not JSON" },
  ])("$text is refused, naming what is wrong", ({ text, says }) => {
    expect(() => read(text)).toThrow(says);
  });

  test("is asked for when it is missing", () => {
    expect(() => readHostJson(scratch(), {})).toThrow("There is no host.json");
  });
});

describe("app settings", () => {
  const settings = (name: string) => ({ A: "1", AzureWebJobsBus: "Endpoint=sb://x" })[name];

  test("replace %NAME% wherever it stands", () => {
    expect(resolveSettings("x-%A%-%A%", settings)).toBe("x-1-1");
  });

  test("are named when one is missing", () => {
    expect(() => resolveSettings("%B%", settings)).toThrow("there is no app setting 'B'");
  });

  test("hold a connection under its own name or with the AzureWebJobs prefix", () => {
    expect(connectionString("A", settings)).toBe("1");
    expect(connectionString("Bus", settings)).toBe("Endpoint=sb://x");
    expect(() => connectionString("None", settings)).toThrow("connection 'None'");
  });

  test("are taken back as they were", () => {
    const undo = applyEnvironment({ OUTERLOOP_TEST_SETTING: "1" }, true);
    expect(process.env.OUTERLOOP_TEST_SETTING).toBe("1");
    undo();
    expect(process.env.OUTERLOOP_TEST_SETTING).toBeUndefined();
  });
});

test("logLevel lets through what it names: the longest category wins, in any case, and default is the rest", () => {
  const seen: string[] = [];
  const levels = {
    Default: "Error",
    Function: "Warning",
    "Function.a.User": "debug",
    "Host.Results": "None",
  };
  const log = filteredLog((_, category, message) => void seen.push(`${category} ${message}`), levels);
  log("warning", "Host.Startup", "too low");
  log("error", "Host.Startup", "high enough");
  log("information", "Function.a", "too low");
  log("warning", "Function.a", "high enough");
  log("debug", "Function.a.User", "high enough");
  log("critical", "Host.Results", "never");
  expect(seen).toEqual(["Host.Startup high enough", "Function.a high enough", "Function.a.User high enough"]);
});
