// Package privacy keeps secrets and private fields from being shown.
//
// Masking is for showing. What is stored for later actions and what is sent is
// the value itself; everything that people may see (history, console, API,
// command line, log, exports) goes through a [Gate], which works on values and
// never on the text of JSON:
//
//	secrets of the environment ─┐
//	                            ├─► Secrets ──► Gate ──► Text, JSON, Clip
//	private values of an event ─┘
//
// What counts as a secret is decided here and nowhere else:
//
//   - What the author calls a secret always is one ([Secrets.Add]): what stands
//     in a secret setting of a connection, and a variable whose name says so
//     ([NamesSecret]).
//   - Any other value of the environment is one ([Secrets.AddFromEnv]), unless
//     it is shorter than 6 characters or an everyday value ([Everyday]).
//   - The value of a private field ([Secrets.AddPrivate]) is looked for outside
//     of its field unless it is so short or common that this would destroy
//     other text.
//
// A Gate finds a value as it is, in other case, trimmed, escaped for JSON, URLs
// or HTML, and inside base64: it reads the text as each of these and looks for
// the value in what it has read.
package privacy
