// Starts `protodsl lsp` and leaves the rest to it.
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const command = vscode.workspace.getConfiguration("protodsl").get("command", "protodsl");
  client = new LanguageClient(
    "protodsl",
    "protodsl",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "protodsl", scheme: "file" }],
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.proto-lite") },
    },
  );
  try {
    await client.start();
  } catch (problem) {
    client = undefined;
    vscode.window.showErrorMessage(
      `protodsl: the language server did not start (${problem.message}). ` +
        `Install it with: pip install "protodsl[editor]", or set protodsl.command.`,
    );
  }
}

async function activate(context) {
  // A workspace that is not trusted could name any program as the command.
  if (vscode.workspace.isTrusted) {
    await start();
  } else {
    context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(start));
  }
}

function deactivate() {
  return client === undefined ? undefined : client.stop();
}

module.exports = { activate, deactivate };
