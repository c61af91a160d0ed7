try {
  new Function("return 1")();
  postMessage("through");
} catch (error) {
  postMessage(String(error));
}
