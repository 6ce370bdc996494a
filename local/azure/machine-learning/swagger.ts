import { scoringPath } from "./endpoint.ts";

/** What an endpoint's `swaggerUri` leads to. Rows in, predictions out: what they are made of is the model's own matter. */
export function describeScoring(endpoint: string, origin: string): object {
  const { host, protocol } = new URL(origin);
  const table = { type: "array", items: { type: "array", items: {} } };
  const columns = { type: "array", items: { type: "string" } };
  const input = { type: "object", properties: { columns, index: { type: "array", items: {} }, data: table } };
  return {
    swagger: "2.0",
    info: { title: endpoint, version: "1.0" },
    host,
    schemes: [protocol.replace(":", "")],
    consumes: ["application/json"],
    produces: ["application/json"],
    securityDefinitions: { Bearer: { type: "apiKey", name: "Authorization", in: "header" } },
    security: [{ Bearer: [] }],
    paths: {
      [scoringPath(endpoint)]: {
        post: {
          operationId: "RunMLService",
          parameters: [
            {
              name: "serviceInputPayload",
              in: "body",
              required: true,
              schema: { $ref: "#/definitions/ServiceInput" },
            },
          ],
          responses: {
            200: { description: "What the model answered.", schema: {} },
            default: {
              description: "Why it did not answer.",
              schema: { $ref: "#/definitions/ErrorResponse" },
            },
          },
        },
      },
    },
    definitions: {
      ServiceInput: { type: "object", properties: { input_data: input } },
      ErrorResponse: { type: "object", properties: { message: { type: "string" } } },
    },
  };
}
