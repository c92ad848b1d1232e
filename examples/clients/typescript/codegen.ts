import { createHash } from "node:crypto";
import type { CodegenConfig } from "@graphql-codegen/cli";

// The published schema of everything; an app that needs only a bundle may take crm.graphql, erp.graphql and so on.
const schema = process.env.TESSERA_SCHEMA ?? "../../../frontend_api/schema/full.graphql";

const config: CodegenConfig = {
  schema,
  documents: ["src/*.ts"],
  ignoreNoDocuments: false,
  generates: {
    "./src/generated/": {
      preset: "client",
      config: {
        documentMode: "string",
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        // What each scalar is in JSON: exact numbers and times are text.
        scalars: { BigInt: "string", Date: "string", DateTime: "string", Decimal: "string", JSON: "unknown", UUID: "string" },
      },
      presetConfig: {
        fragmentMasking: false,
        // The manifest that the server is given: apps of ours send `documentId` and nothing else.
        persistedDocuments: {
          mode: "embedHashInDocument",
          hashAlgorithm: (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`,
        },
      },
    },
  },
};

export default config;
