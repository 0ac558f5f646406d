// SPDX-License-Identifier: Apache-2.0
//
// Types of `inject:` whose credential is minted: an access token, which a source of the secret's
// own gets with what the vault has (vault/sources/oauth2.cc and others). Where it stands, and what
// stands around it, is as with the scheme `header`.
#include <algorithm>
#include <array>
#include <utility>

#include "bindings/oauth_providers.h"
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

struct MintType {
  std::string_view name;    // of `inject.type`
  std::string_view kind;    // of its source
  std::string_view needs;   // a setting of the kind that it cannot do without; "" none
  std::string_view lacks;   // one that it does not take; "" none
  std::string_view format;  // of a header, if nothing is said
  bool has_providers = false;
};

namespace {

constexpr std::string_view kBearer = "Bearer {secret}";
constexpr std::string_view kProvider = "provider";
constexpr std::string_view kOAuth2 = "oauth2";
constexpr std::string_view kPrivateKeyJwt = "private_key_jwt";
// Of a token that does not say how long it lives; most live so long. One that an API takes no more
// is dropped before.
constexpr std::int64_t kLifeMs = 3'600'000;

constexpr std::array kTypes = {
    MintType{"github_app", "github_app", "", "", "token {secret}"},
    MintType{"jwt_bearer", "jwt_bearer", "", "", kBearer},
    MintType{"oauth2_client_credentials", "oauth2", "", "refresh_token", kBearer},
    MintType{"oauth2_refresh", "oauth2", "refresh_token", "", kBearer, /*has_providers=*/true},
};

// A client by itself has nobody who could log in.
bool lacks(const MintType& type, std::string_view setting) {
  return setting == type.lacks ||
         (!type.lacks.empty() &&
          std::ranges::find(kLoginSettings, setting) != kLoginSettings.end());
}

// One whose value comes from a source, and is not in the vault under the rule's name.
class MintedInjection final : public Injection {
 public:
  MintedInjection(std::string_view scheme, std::unique_ptr<const Injection> made)
      : scheme_(scheme), made_(std::move(made)) {}

  [[nodiscard]] std::string_view scheme() const override { return scheme_; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override {
    return made_->needs();
  }

  [[nodiscard]] base::Status render(const RenderInput& input, base::ByteSink& out) const override {
    return made_->render(input, out);
  }

  [[nodiscard]] bool shows_secrets() const override { return made_->shows_secrets(); }

 private:
  std::string_view scheme_;
  std::unique_ptr<const Injection> made_;
};

const vault::BackendKind* kind_of(const MintType& type, vault::BackendKinds kinds) {
  const auto found = std::ranges::find(kinds, type.kind, &vault::BackendKind::name);
  return found == kinds.end() ? nullptr : *found;
}

// Those of the kind as this type has them: what the provider says is not asked for.
std::vector<vault::SettingRule> rules_of(const MintType& type,
                                         const vault::BackendKind& kind,
                                         const OAuthProvider* provider) {
  std::vector<vault::SettingRule> rules;
  for (vault::SettingRule rule : kind.settings) {
    const bool is_provided =
        provider != nullptr &&
        (rule.name == "auth" || (rule.name == "token_url" && !provider->token_url.empty()));
    if (!lacks(type, rule.name) && !is_provided) {
      rule.is_required = rule.is_required || rule.name == type.needs;
      rules.push_back(rule);
    }
  }
  return rules;
}

void refuse_provided(const YamlSection& section,
                     const OAuthProvider& provider,
                     ConfigIssues& issues) {
  const auto refuse = [&](std::string_view key) {
    if (const auto* const node = section.find(key)) {
      issues.error(node->place,
                   "`provider` says `" + std::string(key) + "` itself",
                   "remove one or the other");
    }
  };
  refuse("auth");
  if (!provider.token_url.empty()) {
    refuse("token_url");
  }
}

// Null: none is named, or there is none of that name, which is then reported.
const OAuthProvider* read_provider(const YamlSection& section, ConfigIssues& issues) {
  const auto* const node = section.find(kProvider);
  const auto text = node == nullptr ? std::nullopt : read_text(*node, kProvider, issues);
  if (!text) {
    return nullptr;
  }
  const auto* const provider = find_oauth_provider(*text);
  if (provider == nullptr) {
    static_cast<void>(read_choice(*node, kProvider, oauth_provider_names(), issues));
  }
  return provider;
}

void add_provided(const OAuthProvider& provider, vault::SourceSpec& spec) {
  if (!provider.token_url.empty()) {
    spec.settings.push_back({"token_url", std::string(provider.token_url)});
  }
  spec.settings.push_back({"auth", std::string(provider.auth)});
}

// Settings that go with one way of saying who a client is: its secret, or its private key.
void check_client(const MintType& type,
                  const vault::SourceSpec& spec,
                  Place place,
                  ConfigIssues& issues) {
  if (type.kind != kOAuth2) {
    return;
  }
  const std::string* const auth = spec.setting("auth");
  const bool is_signing = auth != nullptr && *auth == kPrivateKeyJwt;
  if (is_signing && spec.setting("key") == nullptr) {
    issues.error(place,
                 "`auth: private_key_jwt` needs a `key`",
                 "the vault entry of the client's private key: keyswap secret add --private-key");
  }
  if (is_signing && spec.setting("client_secret") != nullptr) {
    issues.error(place,
                 "`client_secret` does not go with `auth: private_key_jwt`",
                 "the client signs who it is: remove one or the other");
  }
  for (const std::string_view name : {"key", "key_id", "algorithm", "assertion_audience"}) {
    if (!is_signing && spec.setting(name) != nullptr) {
      issues.error(place,
                   "`" + std::string(name) + "` goes with `auth: private_key_jwt`",
                   "add that, or remove `" + std::string(name) + "`");
    }
  }
  // A client that has nothing to prove who it is could be anybody.
  if (!is_signing && !type.has_providers && spec.setting("client_secret") == nullptr) {
    issues.error(place,
                 "`client_secret` is missing",
                 "name its vault entry; or `auth: private_key_jwt` with a `key`");
  }
}

// Two owners would take each other's refresh token away.
void check_owner(const vault::SourceSpec& spec, Place place, ParseContext& context) {
  const std::string* const refresh = spec.setting("refresh_token");
  const bool is_taken =
      refresh != nullptr && std::ranges::any_of(context.sources.specs(), [&](const auto& other) {
        const std::string* const theirs = other.setting("refresh_token");
        return theirs != nullptr && *theirs == *refresh;
      });
  if (is_taken) {
    context.issues.error(place,
                         "`refresh_token` is another source's already",
                         "it is exchanged for another one when it is used, so it has one owner: "
                         "bind one secret to all hosts");
  }
}

}  // namespace

std::vector<std::string_view> mint_types() {
  std::vector<std::string_view> names;
  for (const MintType& type : kTypes) {
    names.push_back(type.name);
  }
  return names;
}

const MintType* find_mint_type(std::string_view name) {
  const auto* const found = std::ranges::find(kTypes, name, &MintType::name);
  return found == kTypes.end() ? nullptr : found;
}

std::vector<std::string_view> mint_keys(const MintType& type, vault::BackendKinds kinds) {
  std::vector<std::string_view> keys = {"allow_addresses"};
  if (type.has_providers) {
    keys.push_back(kProvider);
  }
  if (const auto* const kind = kind_of(type, kinds)) {
    for (const vault::SettingRule& rule : kind->settings) {
      if (!lacks(type, rule.name)) {
        keys.push_back(rule.name);
      }
    }
  }
  return keys;
}

std::optional<vault::SecretName> parse_mint(const YamlSection& section,
                                            const MintType& type,
                                            ParseContext& context,
                                            const SecretRule& rule) {
  auto& issues = context.issues;
  const auto* const kind = kind_of(type, context.kinds);
  if (kind == nullptr) {
    issues.error(section.place(), "`inject.type` " + std::string(type.name) + " is not supported");
    return std::nullopt;
  }
  const auto* const provider = type.has_providers ? read_provider(section, issues) : nullptr;
  if (provider != nullptr) {
    refuse_provided(section, *provider, issues);
  }
  vault::SourceSpec spec;
  spec.id = "mint:" + rule.name.text();
  spec.kind = kind->name;
  spec.is_minted = true;
  spec.cache.ttl_ms = kLifeMs;
  const auto rules = rules_of(type, *kind, provider);
  parse_source_settings(section, rules, issues, spec);
  parse_source_addresses(section, issues, spec);
  if (provider != nullptr) {
    add_provided(*provider, spec);
  }
  check_client(type, spec, section.place(), issues);
  check_owner(spec, section.place(), context);
  auto name = vault::SecretName::internal(rule.name, "#access");
  const auto source = context.sources.add(std::move(spec), section.place());
  context.sources.route(name, vault::Route{source, rule.name.text(), ""}, true, section.place());
  return name;
}

std::unique_ptr<const Injection> as_minted(const MintType& type,
                                           std::unique_ptr<const Injection> made) {
  return made == nullptr ? nullptr : std::make_unique<MintedInjection>(type.name, std::move(made));
}

std::string_view minted_format(const MintType& type) {
  return type.format;
}

}  // namespace keyswap::bindings
