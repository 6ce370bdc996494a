import { createSerializer, type OperationSpec } from "@azure/core-client";

const ANY = { type: { name: "any" as const } };

/**
 * A PUT whose body goes out exactly as given, on a generated client's own pipeline (sign-in, retries, error mapping).
 *
 * arm-machinelearning 2.1.1 drops `uri` and `mode` of every asset input of a job while serialising
 * (Azure/azure-sdk-for-js issue 29328): its own `jobs.createOrUpdate` cannot submit a job that reads data.
 */
export const PUT_AS_IS: OperationSpec = {
  path: "{resource}",
  httpMethod: "PUT",
  urlParameters: [
    {
      parameterPath: "$host",
      mapper: { serializedName: "$host", required: true, type: { name: "String" } },
      skipEncoding: true,
    },
    {
      parameterPath: "resource",
      mapper: { serializedName: "resource", required: true, type: { name: "String" } },
      skipEncoding: true,
    },
  ],
  queryParameters: [
    {
      parameterPath: "apiVersion",
      mapper: { serializedName: "api-version", required: true, type: { name: "String" } },
    },
  ],
  headerParameters: [
    {
      parameterPath: "accept",
      mapper: {
        serializedName: "Accept",
        defaultValue: "application/json",
        isConstant: true,
        type: { name: "String" },
      },
    },
    {
      parameterPath: "contentType",
      mapper: {
        serializedName: "Content-Type",
        defaultValue: "application/json",
        isConstant: true,
        type: { name: "String" },
      },
    },
  ],
  requestBody: { parameterPath: "body", mapper: { ...ANY, serializedName: "body", required: true } },
  contentType: "application/json",
  mediaType: "json",
  responses: { 200: { bodyMapper: ANY }, 201: { bodyMapper: ANY }, default: { bodyMapper: ANY } },
  serializer: createSerializer({}, false),
};
