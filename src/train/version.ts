/** Handloom's version, as in package.json: a checkpoint names the software that wrote it. */
export const SOFTWARE_VERSION = "0.1.0";
