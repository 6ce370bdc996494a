import { expect, test } from "vitest";
import { ConfigError, readConfig } from "../../shared/config.ts";

const settings = {
  OUTERLOOP_ML_WORKSPACE:
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w",
  OUTERLOOP_PUBLIC_URL: "https://outerloop.example/",
  OUTERLOOP_LINK_KEY: "k".repeat(32),
  OUTERLOOP_MAIL_ENDPOINT: "https://mail.example",
  OUTERLOOP_MAIL_SENDER: "outerloop@example.com",
  OUTERLOOP_STORAGE: "AccountName=a",
  OUTERLOOP_SERVICE_BUS__fullyQualifiedNamespace: "bus.servicebus.windows.net",
};

test("reads connection strings, and identity-based addresses in their stead", () => {
  const config = readConfig(settings);
  expect(config.workspace).toMatchObject({ subscriptionId: "s", resourceGroup: "g", name: "w" });
  expect(config.tables).toEqual({ connectionString: "AccountName=a" });
  expect(config.serviceBus).toEqual({ address: "bus.servicebus.windows.net" });
  expect(config.eventHubs).toBeNull();
  expect(config.publicUrl).toBe("https://outerloop.example");
});

test("names every setting that is missing or wrong at once, and what was expected", () => {
  const { OUTERLOOP_STORAGE: _, ...broken } = {
    ...settings,
    OUTERLOOP_LINK_KEY: "short",
    OUTERLOOP_ML_WORKSPACE: "w",
  };
  const read = () => readConfig(broken);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(/OUTERLOOP_ML_WORKSPACE: the resource id of an Azure ML workspace/);
  expect(read).toThrow(/OUTERLOOP_LINK_KEY: at least 32 characters/);
  expect(read).toThrow(
    /OUTERLOOP_STORAGE: a connection string is expected here, or an address in OUTERLOOP_STORAGE__tableServiceUri/,
  );
});
