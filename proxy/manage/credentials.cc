// SPDX-License-Identifier: Apache-2.0
//
// The secrets of the vault of this machine: listed without a value, added, rotated, removed.
#include <algorithm>
#include <optional>
#include <string>

#include "bindings/json.h"
#include "proxy/manage/change.h"
#include "proxy/manage/handlers.h"
#include "vault/manage_login.h"
#include "vault/source_kind.h"
#include "vault/source_table.h"

namespace keyswap::manage {

namespace {

using bindings::json_string;

constexpr std::string_view kNotFound = "credential not found";

std::shared_ptr<const bindings::Bindings> bindings_of(const Manager& manager) {
  return manager.around.bindings ? manager.around.bindings() : nullptr;
}

const bindings::SecretRule* rule_of(const bindings::Bindings* bindings,
                                    const vault::SecretName& name) {
  if (bindings == nullptr) {
    return nullptr;
  }
  const auto found = std::ranges::find(bindings->rules, name, &bindings::SecretRule::name);
  return found == bindings->rules.end() ? nullptr : &*found;
}

// Only the command asks a source to seal; a plain value in such an entry is one that nobody sealed.
bool is_sealed_by_source(const bindings::Bindings* bindings, const vault::SecretName& name) {
  if (bindings == nullptr || bindings->sources == nullptr) {
    return false;
  }
  const vault::SourceTable& table = *bindings->sources;
  return std::ranges::any_of(table.routes(), [&](const auto& routed) {
    return routed.second.key == name.text() &&
           table.specs()[routed.second.source].kind == vault::kSealedKind;
  });
}

// What a source made of it would go on: the command says that it has ended before it returns (I13).
bool opens_source(const bindings::Bindings* bindings, const vault::SecretName& name) {
  return bindings != nullptr && bindings->sources != nullptr &&
         std::ranges::any_of(bindings->sources->specs(), [&](const vault::SourceSpec& spec) {
           return std::ranges::find(spec.own, name) != spec.own.end();
         });
}

// What there is to say of one; neither its value nor a part of it.
std::string row_of(const vault::SecretInfo& info, const bindings::SecretRule* rule) {
  std::string row = R"({"id":)" + json_string(info.id) + R"(,"service":)" +
                    json_string(info.service) + R"(,"name":)" + json_string(info.name.text()) +
                    R"(,"created_at":)" + std::to_string(info.created_at) + R"(,"last_used_at":)" +
                    (info.last_used_at ? std::to_string(*info.last_used_at) : "null");
  row += R"(,"placeholder":)";
  row += rule == nullptr || rule->placeholder.empty() ? "null" : json_string(rule->placeholder);
  row += R"(,"bound":)";
  row += rule == nullptr ? "false}" : "true}";
  return row;
}

std::optional<vault::SecretInfo> find_by_id(const Manager& manager, std::string_view id) {
  for (vault::SecretInfo& info : manager.vault->list()) {
    if (info.id == id) {
      return std::move(info);
    }
  }
  return std::nullopt;
}

bool is_named(const Manager& manager, const vault::SecretName& name) {
  const auto bindings = bindings_of(manager);
  if (bindings == nullptr) {
    return true;  // it is not known: as if it were
  }
  const auto own = bindings->own_entries();
  return std::ranges::find(own, name) != own.end();
}

Answer answer_failure(const base::Error& error) {
  if (error.code == base::Errc::already_exists) {
    return answer_error(409, "a credential of that name exists: rotate it");
  }
  if (error.code == base::Errc::not_found) {
    return answer_error(404, kNotFound);
  }
  if (error.code == base::Errc::invalid_input) {
    return answer_error(400, error.note.text());
  }
  if (error.code == base::Errc::limit_exceeded) {
    return answer_error(409, error.note.text());
  }
  return answer_error(503, "nothing was changed: the vault or the audit log cannot be written");
}

// In locked memory, without blanks around it.
base::Result<vault::Secret> key_of(const Members& members) {
  const auto text = members.find("key").text();
  return text ? vault::without_blanks(*text) : text.error();
}

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  const auto last = text.find_last_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

}  // namespace

Answer list_credentials(Manager& manager, const Request& /*request*/) {
  const auto bindings = bindings_of(manager);
  std::string json = "[";
  for (const vault::SecretInfo& info : manager.vault->list()) {
    json += (json.size() > 1 ? "," : "") + row_of(info, rule_of(bindings.get(), info.name));
  }
  return answer_json(200, json + "]\n");
}

Answer add_credential(Manager& manager, const Request& request) {
  Answer refusal;
  const auto members = Members::read(request, {"service", "name", "key"}, refusal);
  if (!members) {
    return refusal;
  }
  const std::string service = trimmed(members->plain("service"));
  const std::string given = trimmed(members->plain("name"));
  const auto key = key_of(*members);
  if (service.empty() || given.empty() || !key || key->size() == 0) {
    return answer_error(400, "service, name, and key are required");
  }
  const auto name = vault::SecretName::parse(given);
  if (!name) {
    return answer_error(400, name.error().note.text());
  }
  if (is_sealed_by_source(bindings_of(manager).get(), *name)) {
    return answer_error(409, "a source seals this credential: keyswap secret add");
  }
  if (manager.vault->has(*name)) {
    return answer_error(409, "a credential of that name exists: rotate it");
  }
  const auto added = change(manager, request, "secret_added", name->text(), [&] {
    return manager.vault->add(*name, service, *key, manager.now_s());
  });
  if (!added) {
    return answer_failure(added.error());
  }
  const auto bindings = bindings_of(manager);
  for (const vault::SecretInfo& info : manager.vault->list()) {
    if (info.name == *name) {
      return answer_json(201, row_of(info, rule_of(bindings.get(), info.name)) + "\n");
    }
  }
  return answer_error(404, kNotFound);  // another process removed it meanwhile
}

Answer rotate_credential(Manager& manager, const Request& request) {
  Answer refusal;
  const auto members = Members::read(request, {"key"}, refusal);
  if (!members) {
    return refusal;
  }
  const auto key = key_of(*members);
  if (!key || key->size() == 0) {
    return answer_error(400, "key is required");
  }
  const auto info = find_by_id(manager, request.ids.front());
  if (!info) {
    return answer_error(404, kNotFound);
  }
  if (is_sealed_by_source(bindings_of(manager).get(), info->name)) {
    return answer_error(409, "a source seals this credential: keyswap secret rotate");
  }
  if (opens_source(bindings_of(manager).get(), info->name)) {
    return answer_error(409, "a source logs in with this credential: keyswap secret rotate");
  }
  const auto rotated = change(manager, request, "secret_rotated", info->name.text(), [&] {
    return manager.vault->rotate(info->name, *key, manager.now_s());
  });
  if (!rotated) {
    return answer_failure(rotated.error());
  }
  return answer_json(200, R"({"id":)" + json_string(info->id) + ",\"rotated\":true}\n");
}

Answer remove_credential(Manager& manager, const Request& request) {
  const auto info = find_by_id(manager, request.ids.front());
  if (!info) {
    return answer_error(404, kNotFound);
  }
  if (opens_source(bindings_of(manager).get(), info->name)) {
    return answer_error(409, "a source logs in with this credential: keyswap secret remove");
  }
  if (request.asked("force") != "true" && is_named(manager, info->name)) {
    return answer_error(409,
                        "a binding names this credential: ?force=true removes it all the same");
  }
  const auto removed = change(manager, request, "secret_removed", info->name.text(), [&] {
    return manager.vault->remove(info->name);
  });
  if (!removed) {
    return answer_failure(removed.error());
  }
  return answer_json(200, "{\"deleted\":true}\n");
}

}  // namespace keyswap::manage
