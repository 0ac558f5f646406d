// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_rule.h"

#include <algorithm>
#include <utility>

#include "bindings/yaml_make.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"
#include "vault/sources/login_grant.h"

namespace keyswap::cli {

namespace {

using bindings::add_yaml_key;
using bindings::yaml_scalar;
using bindings::YamlNode;

constexpr std::int64_t kLoginUsPerSecond = 1'000'000;
constexpr const char* kByHand = "nothing was changed; bind it with: keyswap bindings edit";

YamlNode inject_of(const LoginOptions& options, const LoginTarget& target, const LoginRule& rule) {
  YamlNode inject = bindings::yaml_mapping();
  const auto add = [&inject](const char* key, const std::string& value) {
    if (!value.empty()) {
      add_yaml_key(key, yaml_scalar(value, false), inject);
    }
  };
  const bool is_provided = !target.provider.empty() && target.issuer.empty();
  add("type", "oauth2_refresh");
  add("provider", target.provider);
  // Until the issuer has said where its tokens are, its own address stands there.
  add("token_url", is_provided ? "" : target.token_url.empty() ? target.issuer : target.token_url);
  add("client_id", rule.client.text());
  add("client_secret", options.client_secret);
  add("refresh_token", rule.refresh.text());
  add("auth", target.provider.empty() ? target.auth : "");
  // For the next time.
  add("issuer", options.issuer);
  add("authorize_url", options.authorize_url);
  add("device_url", options.device_url);
  add("login_scope", options.scope);
  if (!options.allowed.empty()) {
    add_yaml_key("allow_addresses", bindings::yaml_sequence(options.allowed), inject);
  }
  add("header", "Authorization");
  add("format", "Bearer {secret}");
  return inject;
}

YamlNode login_entry(const LoginOptions& options,
                     const LoginTarget& target,
                     const LoginRule& rule) {
  YamlNode list;
  list.kind = YamlNode::Kind::sequence;
  for (const std::string& host : options.hosts) {
    YamlNode binding = bindings::yaml_mapping();
    add_yaml_key("host", yaml_scalar(host, false), binding);
    list.items.push_back(std::move(binding));
  }
  YamlNode entry = bindings::yaml_mapping();
  add_yaml_key("placeholder", yaml_scalar(rule.placeholder, false), entry);
  add_yaml_key("stand_in", yaml_scalar("true", true), entry);
  add_yaml_key("inject", inject_of(options, target, rule), entry);
  add_yaml_key("bindings", std::move(list), entry);
  return entry;
}

// The file's text with the rule, and the source that `serve` will make of it.
Problem write_rule(const LoginOptions& options, const LoginTarget& target, LoginRule& rule) {
  auto text =
      text_with_entry(rule.file, rule.name.text(), login_entry(options, target, rule), "", kByHand);
  if (!text) {
    return text.failure();
  }
  rule.text = std::move(text).value();
  const std::string folder = rule.file.path.substr(0, rule.file.path.rfind('/'));
  const auto parsed = parse_bindings(rule.text, folder);
  const auto* const spec = find_login_source(parsed.bindings, rule.name.text());
  if (spec == nullptr) {
    return Failure{Exit::usage, "no rule can be made of that", kByHand};
  }
  rule.spec = *spec;
  return std::nullopt;
}

Problem check_new_login(const LoginOptions& options, const std::string& name) {
  if (options.hosts.empty()) {
    return Failure{Exit::usage,
                   "there is no rule " + name + " yet, and where its token may go is not said",
                   "name the API's host: --host api.example.com (several: give it several times)"};
  }
  if (options.client_id.empty()) {
    return Failure{Exit::usage,
                   "the client's id is not said, as the provider gave it for your app",
                   "like --client-id Iv23li0123456789abcd; with a secret, too: "
                   "--client-secret-name ENTRY"};
  }
  return std::nullopt;
}

Problem check_known_login(const LoginOptions& options, const std::string& name) {
  const bool says_more = !options.hosts.empty() || !options.client_id.empty() ||
                         !options.client_secret.empty() || !options.auth.empty() ||
                         !options.allowed.empty();
  if (!says_more) {
    return std::nullopt;
  }
  return Failure{Exit::usage,
                 name + " is bound already, and is logged in as its rule says",
                 "leave out --host, --allow-address, --auth and the client, or choose another "
                 "name: --name NAME"};
}

Outcome<vault::SecretName> name_beside(const vault::SecretName& name, const char* suffix) {
  return parse_secret_name(name.text() + suffix);
}

Outcome<LoginRule> known_rule(const vault::SecretName& name, const vault::SourceSpec& spec) {
  LoginRule rule;
  rule.name = name;
  rule.spec = spec;
  auto refresh = parse_secret_name(*spec.setting("refresh_token"));
  if (!refresh) {
    return refresh.failure();
  }
  rule.refresh = std::move(refresh).value();
  return rule;
}

Outcome<LoginRule> new_rule(Online& online,
                            const LoginOptions& options,
                            const LoginTarget& target,
                            const vault::SecretName& name) {
  LoginRule rule;
  rule.name = name;
  rule.is_new = true;
  auto refresh = name_beside(name, "_REFRESH");
  auto client = name_beside(name, "_CLIENT_ID");
  auto file = open_bindings(online.file());
  if (!refresh || !client || !file) {
    return !refresh ? refresh.failure() : !client ? client.failure() : file.failure();
  }
  rule.refresh = std::move(refresh).value();
  rule.client = std::move(client).value();
  rule.had_refresh = online.vault().has(rule.refresh);
  rule.had_client = online.vault().has(rule.client);
  rule.file = std::move(file).value();
  if (auto problem = check_name_is_free(rule.file, name.text())) {
    return *std::move(problem);
  }
  // I17: known before anybody logs in.
  auto approval = prepare_approval(online.home(), online.vault(), rule.file, options.approval);
  if (!approval) {
    return approval.failure();
  }
  rule.approval = std::move(approval).value();
  auto placeholder =
      make_placeholder(online.vault(), rule.file, name.text(), nullptr, bindings::Checksum::wrong);
  if (!placeholder) {
    return placeholder.failure();
  }
  rule.placeholder = placeholder->text;
  if (auto problem = write_rule(options, target, rule)) {
    return *std::move(problem);
  }
  return rule;
}

void forget_entry(vault::Vault& vault, const vault::SecretName& name) {
  if (vault.has(name) && !vault.remove(name)) {
    warn("the secret " + name.text() + " stays in the vault",
         "remove it with: keyswap secret remove " + name.text());
  }
}

// A token that is good is not lost by a slip.
Problem check_not_logged_in(Online& online, const LoginOptions& options, const LoginRule& rule) {
  const std::int64_t now_s = online.clock().wall_us() / kLoginUsPerSecond;
  if (options.is_forced || !vault::has_live_login(online.vault(), rule.refresh, now_s)) {
    return std::nullopt;
  }
  return Failure{Exit::no,
                 "the vault has a refresh token " + rule.refresh.text() +
                     " already, and no server has refused it",
                 "to log in again all the same: --force"};
}

}  // namespace

const vault::SourceSpec* find_login_source(const bindings::Bindings& bindings,
                                           const std::string& name) {
  if (bindings.sources == nullptr) {
    return nullptr;
  }
  const auto specs = bindings.sources->specs();
  const auto found = std::ranges::find(specs, "mint:" + name, &vault::SourceSpec::id);
  const bool is_there = found != specs.end() && found->setting("refresh_token") != nullptr;
  return is_there ? &*found : nullptr;
}

Outcome<LoginRule> find_or_make_rule(Online& online,
                                     const LoginOptions& options,
                                     const LoginTarget& target) {
  auto name = parse_secret_name(login_name(options));
  if (!name) {
    return name.failure();
  }
  const auto* const spec = find_login_source(online.bindings(), name->text());
  if (auto problem = spec == nullptr ? check_new_login(options, name->text())
                                     : check_known_login(options, name->text())) {
    return *std::move(problem);
  }
  auto rule = spec == nullptr ? new_rule(online, options, target, name.value())
                              : known_rule(name.value(), *spec);
  if (rule) {
    if (auto problem = check_not_logged_in(online, options, rule.value())) {
      return *std::move(problem);
    }
  }
  return rule;
}

Problem complete_rule(const LoginOptions& options, const LoginTarget& target, LoginRule& rule) {
  if (rule.is_new) {
    return write_rule(options, target, rule);
  }
  const std::string* const url = rule.spec.setting("token_url");
  if (url != nullptr && *url == target.token_url) {
    return std::nullopt;
  }
  return Failure{Exit::usage,
                 rule.name.text() + " is bound to tokens of another server than that",
                 "choose another name: --name NAME"};
}

Problem keep_client(Online& online, const LoginOptions& options, const LoginRule& rule) {
  vault::Vault& vault = online.vault();
  const auto secret_name = vault::SecretName::parse(options.client_secret);
  if (secret_name && !vault.has(*secret_name)) {
    return Failure{Exit::no,
                   "there is no secret " + options.client_secret + " in the vault",
                   "add the client's secret first: keyswap secret add " + options.client_secret};
  }
  const auto id = vault::Secret::copy_of(options.client_id);
  if (!id) {
    return no_locked_memory();
  }
  const auto same = vault.matches(rule.client, options.client_id);
  if (same && *same) {
    return std::nullopt;  // of a log-in that did not come to its end
  }
  const std::int64_t now_s = online.clock().wall_us() / kLoginUsPerSecond;
  const auto added = vault.add(rule.client, rule.name.text(), *id, now_s);
  return added ? Problem() : vault_failure(added.error(), rule.client.text());
}

void forget_login(Online& online, const LoginRule& rule) {
  if (rule.is_new && !rule.had_client) {
    forget_entry(online.vault(), rule.client);
  }
  if (rule.is_new && !rule.had_refresh) {
    forget_entry(online.vault(), rule.refresh);
  }
}

Problem bind_login(Online& online, const LoginRule& rule) {
  if (!rule.is_new) {
    return std::nullopt;
  }
  auto problem = replace_approved(
      online.home(), online.vault(), rule.file, {rule.text, rule.file.text.roots}, rule.approval);
  if (problem && !says(rule.file, rule.text)) {
    forget_login(online, rule);
  }
  return problem;
}

Problem await_login(Online& online, const LoginRule& rule) {
  const std::string done = rule.name.text() + " is logged in";
  if (!rule.is_new || !rule.approval.is_meant) {
    return await_confirmation(online.home(), online.vault(), done);
  }
  return put_in_force(
      online.home(), online.vault(), rule.file.path, done + ", and bound in " + rule.file.path);
}

}  // namespace keyswap::cli
