// SPDX-License-Identifier: Apache-2.0
//
// 1Password by a Connect server of the company's own. A key is "op://vault/item/field" or
// "op://vault/item/section/field", as `op read` takes it; vault and item are names or ids. Names
// are looked up, and two of one name are not given.
// Source: 1Password's developer documentation, "1Password Connect Server API reference".
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vault/sources/each_key_run.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kIdBytes = 26;
constexpr std::size_t kIdBytesMax = 64;

bool is_id(std::string_view text) {
  return text.size() == kIdBytes && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

// What a key says; a field that the bindings name stands for the one that it could end in.
struct Reference {
  std::string_view vault;
  std::string_view item;
  std::string_view section;  // may be empty
  std::string_view field;
};

std::optional<Reference> read_reference(const KeyParts& key) {
  constexpr std::string_view kScheme = "op://";
  std::string_view rest = key.key;
  if (!rest.starts_with(kScheme) || !is_path_below(rest.substr(kScheme.size()))) {
    return std::nullopt;
  }
  std::vector<std::string_view> parts;
  for (rest.remove_prefix(kScheme.size()); !rest.empty();) {
    parts.push_back(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(parts.back().size() + 1, rest.size()));
  }
  if (!key.field.empty()) {
    parts.push_back(key.field);
  }
  if (parts.size() == 3) {
    return Reference{parts[0], parts[1], {}, parts[2]};
  }
  return parts.size() == 4 ? std::optional(Reference{parts[0], parts[1], parts[2], parts[3]})
                           : std::nullopt;
}

// A name in a filter of SCIM's kind: "name eq \"…\"", with what would end it escaped.
std::string filter_of(std::string_view attribute, std::string_view name) {
  std::string filter(attribute);
  filter.append(" eq \"");
  for (const char c : name) {
    filter.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  }
  return "?filter=" + in_path(filter + "\"");
}

// The id of the only one in a list that has this name.
std::variant<std::string, Failed> only_one(JsonView list,
                                           std::string_view attribute,
                                           std::string_view name) {
  if (!list.is(JsonKind::array)) {
    return fail(FetchFault::bad_answer, "malformed");
  }
  std::optional<std::string> id;
  JsonItems items(list);
  while (items.next()) {
    if (!items.value().member(attribute).is_text(name)) {
      continue;
    }
    if (id) {
      return fail(FetchFault::bad_answer, "ambiguous_name");
    }
    id = items.value().member("id").plain_text(kIdBytesMax);
    if (!id || check_word(*id) != nullptr) {
      return fail(FetchFault::bad_answer, "malformed");
    }
  }
  return id ? std::variant<std::string, Failed>(std::move(*id))
            : fail(FetchFault::not_found, "not_found");
}

// Does the field stand in that section, named by its label or its id?
bool is_in_section(JsonView field, JsonView sections, std::string_view wanted) {
  const auto id = field.find("/section/id").plain_text(kIdBytesMax);
  if (wanted.empty() || !id) {
    return wanted.empty();
  }
  JsonItems items(sections);
  while (items.next()) {
    if (items.value().member("id").is_text(*id)) {
      return *id == wanted || items.value().member("label").is_text(wanted);
    }
  }
  return *id == wanted;
}

std::variant<Secret, Failed> field_of(JsonView item, const Reference& wanted) {
  std::optional<JsonView> found;
  JsonItems fields(item.member("fields"));
  while (fields.next()) {
    const JsonView field = fields.value();
    const bool is_named =
        field.member("label").is_text(wanted.field) || field.member("id").is_text(wanted.field);
    if (!is_named || !is_in_section(field, item.member("sections"), wanted.section)) {
      continue;
    }
    if (found) {
      return fail(FetchFault::bad_answer, "ambiguous_name");
    }
    found = field;
  }
  if (!found) {
    return fail(FetchFault::not_found, "no_such_field");
  }
  auto value = found->member("value").text();
  if (!value) {
    return fail_of(value.error());
  }
  return std::move(*value);
}

struct Connect {
  explicit Connect(const SourceSpec& spec)
      : address(setting_text(spec, "address")), token(setting_text(spec, "token")) {}

  std::string address;
  std::string token;  // where it is
};

class FetchRun final : public EachKeyRun {
 public:
  FetchRun(const Connect& connect, std::span<const std::string> keys)
      : EachKeyRun(keys), connect_(connect) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override {
    next_ = &FetchRun::on_token;
    return read_own(connect_.token);
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    return (this->*next_)(std::move(answer));
  }

 private:
  using Next = Step (FetchRun::*)(Answer);

  Step ask() override {
    const auto reference = read_reference(key());
    if (!reference) {
      return missed(fail(FetchFault::not_found, "no_reference"));
    }
    wanted_ = *reference;
    if (is_id(wanted_.vault)) {
      return ask_item(std::string(wanted_.vault));
    }
    return call(&FetchRun::on_vaults, "/v1/vaults" + filter_of("name", wanted_.vault));
  }

  Step ask_item(std::string vault_id) {
    vault_ = std::move(vault_id);
    if (is_id(wanted_.item)) {
      return ask_fields(std::string(wanted_.item));
    }
    return call(&FetchRun::on_items,
                "/v1/vaults/" + vault_ + "/items" + filter_of("title", wanted_.item));
  }

  Step ask_fields(const std::string& item_id) {
    return call(&FetchRun::on_item, "/v1/vaults/" + vault_ + "/items/" + item_id);
  }

  Step call(Next next, const std::string& path) {
    Call call;
    call.method = "GET";
    call.url = connect_.address + path;
    call.fields.push_back({"Authorization", bearer_.share()});
    call.fields.push_back({"Accept", "application/json"});
    next_ = next;
    return call;
  }

  Step on_token(Answer answer) {
    const auto token = read_own_value(answer);
    if (const auto* failed = std::get_if<Failed>(&token)) {
      return *failed;
    }
    auto bearer = bearer_of(std::get<Secret>(token).reveal());
    if (!bearer) {
      return bearer.error().code == base::Errc::invalid_input
                 ? fail(FetchFault::auth_lost, "no_token")
                 : fail_of(bearer.error());
    }
    bearer_ = std::move(*bearer);
    return ask();
  }

  Step on_vaults(Answer answer) {
    auto id = id_in(answer, "name", wanted_.vault);
    auto* failed = std::get_if<Failed>(&id);
    return failed != nullptr ? missed(std::move(*failed))
                             : ask_item(std::move(std::get<std::string>(id)));
  }

  Step on_items(Answer answer) {
    auto id = id_in(answer, "title", wanted_.item);
    auto* failed = std::get_if<Failed>(&id);
    return failed != nullptr ? missed(std::move(*failed)) : ask_fields(std::get<std::string>(id));
  }

  Step on_item(Answer answer) {
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return missed(*failed);
    }
    const JsonView item = std::get<JsonText>(read).root();
    if (!item.is(JsonKind::object)) {
      return missed(fail(FetchFault::bad_answer, "malformed"));
    }
    const auto version = item.member("version").integer();
    return brought(field_of(item, wanted_), version ? std::to_string(*version) : "");
  }

  static std::variant<std::string, Failed> id_in(Answer& answer,
                                                 std::string_view attribute,
                                                 std::string_view name) {
    const auto read = read_success(answer);
    if (const auto* failed = std::get_if<Failed>(&read)) {
      return *failed;
    }
    return only_one(std::get<JsonText>(read).root(), attribute, name);
  }

  const Connect& connect_;
  Next next_ = nullptr;
  Secret bearer_;
  Reference wanted_;  // of the key that is asked for
  std::string vault_;
};

class OnePassword final : public Backend {
 public:
  explicit OnePassword(const SourceSpec& spec) : connect_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<FetchRun>(connect_, keys);
  }

 private:
  Connect connect_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<OnePassword>(spec);
}

constexpr std::array kSettings = {
    SettingRule{.name = "address", .is_required = true, .check = check_base_url},
    SettingRule{.name = "token", .is_required = true, .is_entry = true},
};

}  // namespace

extern const BackendKind kOnePasswordKind;
constinit const BackendKind kOnePasswordKind = {
    .name = "onepassword", .settings = kSettings, .make = make};

}  // namespace keyswap::vault
