// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/notes_reading.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "proxy/cli/source_steps.h"
#include "proxy/cli/terminal.h"
#include "vault/sources/note_placeholder.h"

namespace keyswap::cli {

namespace {

using bindings::NoteStanding;
using bindings::NoteState;

constexpr std::array<std::string_view, 5> kStandings = {
    "bound", "no_note", "invalid", "host_not_listed", "file_counts"};

std::string texts_of(const std::vector<bindings::HostPattern>& hosts) {
  std::string text;
  for (const bindings::HostPattern& host : hosts) {
    text += (text.empty() ? "" : " ") + bindings::text_of(host);
  }
  return text.empty() ? "-" : text;
}

}  // namespace

base::Result<vault::Secret> read_salt(const bindings::NotesRule& rule) {
  auto read = read_own_file({rule.salt_path});
  if (auto* const error = std::get_if<base::Error>(&read)) {
    const bool is_none = error->code == base::Errc::not_found && !rule.is_salt_said;
    return is_none ? base::Result<vault::Secret>(vault::Secret())
                   : base::Result<vault::Secret>(*error);
  }
  return std::move(std::get<vault::EntryAnswer>(read).value);
}

base::Result<bindings::MergedNotes> read_notes(const bindings::Bindings& bindings,
                                               const vault::Done& brought,
                                               const vault::Secret& salt) {
  auto texts = vault::note_texts(brought, salt.size() == 0 ? nullptr : &salt);
  if (!texts) {
    return texts.error();
  }
  std::vector<bindings::SourceNote> notes;
  for (vault::NoteText& text : *texts) {
    notes.push_back({std::move(text.name), std::move(text.text), std::move(text.placeholder)});
  }
  return bindings::merge_notes(bindings, *bindings.notes, notes);
}

std::string_view to_string(NoteStanding standing) {
  return kStandings.at(static_cast<std::size_t>(standing));
}

std::string notes_text(const bindings::MergedNotes& merged) {
  std::vector<std::vector<std::string>> table = {{"NOTE OF", "STATE", "HOSTS", "PLACEHOLDER"}};
  for (const NoteState& state : merged.states) {
    if (state.standing != NoteStanding::no_note) {
      table.push_back({state.name,
                       std::string(to_string(state.standing)),
                       texts_of(state.hosts),
                       state.placeholder.empty() ? "-" : state.placeholder});
    }
  }
  return table.size() == 1 ? "no note binds its secret\n" : format_table(table);
}

std::string notes_json(const bindings::MergedNotes& merged) {
  auto list = nlohmann::ordered_json::array();
  for (const NoteState& state : merged.states) {
    if (state.standing == NoteStanding::no_note) {
      continue;
    }
    nlohmann::ordered_json json = {{"name", state.name},
                                   {"state", std::string(to_string(state.standing))},
                                   {"why", state.why},
                                   {"placeholder", state.placeholder}};
    json["hosts"] = nlohmann::ordered_json::array();
    for (const bindings::HostPattern& host : state.hosts) {
      json["hosts"].push_back(bindings::text_of(host));
    }
    json["refused_hosts"] = nlohmann::ordered_json::array();
    for (const bindings::HostPattern& host : state.refused_hosts) {
      json["refused_hosts"].push_back(bindings::text_of(host));
    }
    list.push_back(std::move(json));
  }
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> notes_advice(const bindings::MergedNotes& merged) {
  std::vector<std::string> lines;
  for (const NoteState& state : merged.states) {
    if (!state.why.empty()) {
      lines.push_back(state.name + ": " + state.why);
    }
    if (!state.refused_hosts.empty()) {
      lines.push_back(state.name + ": notes may not name " + texts_of(state.refused_hosts) +
                      " (notes_host_allowlist, allow_wildcard_hosts)");
    }
  }
  return lines;
}

}  // namespace keyswap::cli
