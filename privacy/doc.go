// Package privacy hides secrets and private fields from people.
//
// Values are stored for later actions, and sent, unmasked; everything that
// people may see (history, console, API, command line, log, exports) goes
// through a [Gate], which works on values and never on the text of JSON:
//
//	secrets of the environment ─┐
//	                            ├─► Secrets ──► Gate ──► Text, JSON, Clip
//	private values of an event ─┘
//
// What counts as a secret is decided only here:
//
//   - What the author marks as a secret always is one ([Secrets.Add]): a secret
//     setting of a connection, and a variable whose name says so
//     ([NamesSecret]).
//   - Any other value of the environment is one ([Secrets.AddFromEnv]), unless
//     it is shorter than 6 characters or an everyday value ([Everyday]).
//   - The value of a private field ([Secrets.AddPrivate]) is also hidden outside
//     its field, unless it is so short or common that this would destroy other
//     text.
//
// A Gate finds a value in any case, trimmed, escaped for JSON, URLs or HTML, and
// inside base64: it decodes the text in each of these ways and searches the
// result.
package privacy
