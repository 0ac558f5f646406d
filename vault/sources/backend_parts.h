// SPDX-License-Identifier: Apache-2.0
//
// What the backends have in common: what they are opened with, how an answer becomes a failure, and
// the pieces that their requests are made of. Not a vendor's rules: those stand in its own file.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vault/json.h"
#include "vault/source_table.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// --- settings ---

// The text of a setting, "" where the file does not say it.
std::string setting_text(const SourceSpec& spec, std::string_view name);

// The step that reads what a source is opened with: a file by its absolute path or as
// "credential:NAME", else an entry of the vault of this machine. `is_mounted`: of the file.
Step read_own(std::string_view where, bool is_mounted = false);

// Why it is no base of a vendor's addresses: https, or http to a loopback literal, and nothing
// behind the path. Null: it is one.
const char* check_base_url(std::string_view text);
// Why it is no absolute path; null: it is one.
const char* check_absolute_path(std::string_view text);
// Why it cannot stand in a URL's path or a host as it is: letters, digits, '.', '_' and '-' can.
const char* check_word(std::string_view text);
// The same of several, with a slash between them.
const char* check_words(std::string_view text);

// --- failures ---

Failed fail(FetchFault fault, std::string_view outcome);
// What an error says of a source; told by a word of ours.
Failed fail_of(const base::Error& error);
// What a status that is no success says. `unavailable` is asked again; a 401 means that the
// credential is lost. A redirect is not followed, and is no answer.
Failed fail_of_status(const CallAnswer& answer);

// The answer to a Call as JSON, or why there is none.
std::variant<JsonText, Failed> read_success(Answer& answer);
// What ReadEntry and ReadFile brought, without the line end of a file.
std::variant<Secret, Failed> read_own_value(Answer& answer);

// --- pieces ---

// In locked memory, one behind the other.
base::Result<Secret> joined(std::initializer_list<std::string_view> pieces);

// "Bearer …" in locked memory; invalid_input unless the token is printable ASCII without spaces.
base::Result<Secret> bearer_of(std::string_view token);
// Can it stand in a field as it is?
bool is_token(std::string_view text);

// "name=value&…" of a form, in locked memory. Values are encoded, names are not.
struct FormField {
  std::string_view name;
  std::string_view value;
};

base::Result<Secret> form_of(std::span<const FormField> fields);

inline base::Result<Secret> form_of(std::initializer_list<FormField> fields) {
  return form_of(std::span(fields.begin(), fields.size()));
}

// A JSON string in locked memory, with its quotes: JSON of secrets is joined() of such.
base::Result<Secret> json_string_of(std::string_view text);

// RFC 4648 section 4, in locked memory.
base::Result<Secret> base64_of(std::string_view bytes);
// The bytes of that, strictly; invalid_input for anything else.
base::Result<Secret> decoded_base64(std::string_view text);

// Is it a path that leads nowhere else: no empty segment, no "." and no ".."?
bool is_path_below(std::string_view path);
// What may stand in a segment of a path, and in a query; for what is not secret.
std::string in_path(std::string_view text);
// The same of several segments: "a/b c" is "a/b%20c".
std::string in_paths(std::string_view text);

// The value itself where no field is asked for; else that member of the JSON object that it is: a
// string's text, a number or a truth value as it is written. Failed otherwise.
std::variant<Secret, Failed> picked(Secret value, std::string_view field);
// The member itself.
std::variant<Secret, Failed> picked(JsonView object, std::string_view field);

}  // namespace keyswap::vault
