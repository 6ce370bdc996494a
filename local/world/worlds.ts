/** The worlds that there are: one each of the product's scenarios. */
export const WORLD_NAMES = ["classical", "vision", "language"] as const;
export type WorldName = (typeof WORLD_NAMES)[number];
export const DEFAULT_WORLD: WorldName = "classical";

/** A name that a person typed; undefined when there is no such world. */
export const worldNamed = (text: string): WorldName | undefined => WORLD_NAMES.find((name) => name === text);

/** Where each world's model serves, as the policy has it. */
export const ENDPOINTS: Readonly<Record<WorldName, string>> = {
  classical: "weather-max",
  vision: "digits",
  language: "support-desk",
};
