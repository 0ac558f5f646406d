// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/import_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "bindings/provider.h"
#include "bindings/providers/table.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/env_file.h"
#include "proxy/cli/known_credential.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/providers.h"

namespace keyswap::cli {

namespace {

using bindings::Provider;

// What a tool's credentials are bound as where the catalogue has nothing for them: to their host
// alone, and to read (to upload, where that is what they are for).
constexpr std::string_view kBasicPassword = R"(title: Basic credentials
docs: https://www.rfc-editor.org/rfc/rfc7617
host: { example: api.example.com }
secret:
  inject: { basic: password, format: "{secret}" }
  bindings: [ { host: "{host}", methods: [GET, HEAD], paths: ["/**"] } ]
)";
constexpr std::string_view kBasicUser = R"(title: Basic credentials
docs: https://www.rfc-editor.org/rfc/rfc7617
host: { example: api.example.com }
secret:
  inject: { basic: user, format: "{secret}" }
  bindings: [ { host: "{host}", methods: [GET, HEAD], paths: ["/**"] } ]
)";
constexpr std::string_view kBasicUpload = R"(title: Basic credentials for uploads
docs: https://packaging.python.org/en/latest/specifications/pypirc/
host: { example: upload.example.com }
secret:
  inject: { basic: password, format: "{secret}" }
  bindings: [ { host: "{host}", methods: [POST], paths: ["/**"] } ]
)";
constexpr std::string_view kToken = R"(title: GitHub Enterprise
docs: https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
host: { example: github.example.com }
secret:
  inject: { header: Authorization, format: "token {secret}" }
  bindings: [ { host: "{host}", methods: [GET, HEAD], paths: ["/**"] } ]
)";

std::string_view yaml_of(Use use) {
  switch (use) {
    case Use::basic_password:
      return kBasicPassword;
    case Use::basic_user:
      return kBasicUser;
    case Use::basic_upload:
      return kBasicUpload;
    case Use::token:
      return kToken;
  }
  return {};
}

// The built-in one: a file of the home that takes its name is for `secret add --provider` alone.
std::optional<Provider> provider_of(const Credential& credential) {
  std::string_view yaml = yaml_of(credential.use);
  if (!credential.provider.empty()) {
    const auto files = bindings::provider_files();
    const auto file = std::ranges::find(
        files, std::string_view(credential.provider), &bindings::ProviderFile::name);
    yaml = file == files.end() ? std::string_view() : file->text;
  }
  auto parsed = bindings::parse_provider(credential.provider, yaml);
  if (!parsed.errors.empty()) {
    return std::nullopt;
  }
  return std::move(parsed.provider);
}

const bindings::KeyShape* shape_of(const Provider& provider, std::string_view value) {
  const auto found = std::ranges::find_if(
      provider.shapes, [value](const auto& shape) { return bindings::has_shape(shape, value); });
  if (found != provider.shapes.end()) {
    return &*found;
  }
  return provider.shapes.empty() ? nullptr : &provider.shapes.front();
}

class Planner {
 public:
  Planner(vault::Vault& vault, const BindingsFile& file, std::string_view text)
      : vault_(vault),
        text_(text),
        folder_(file.path.substr(0, file.path.rfind('/'))),
        grown_{
            file.path, file.mode, file.text, parse_bindings(file.text.bindings, folder_).bindings} {
  }

  Outcome<ImportPlan> plan(const CredentialFile& found, const std::string& service) {
    for (const Credential& credential : found.credentials) {
      if (plan_.secrets.size() == base::bounds::kCredentialsImportedMax) {
        leave_out(credential, "more than 100 credentials; import again for the rest");
        break;
      }
      if (auto problem = take(credential, service)) {
        return *std::move(problem);
      }
    }
    plan_.bindings = grown_.text.bindings;
    return std::move(plan_);
  }

 private:
  void leave_out(const Credential& credential, std::string_view why) {
    plan_.left_out.push_back(at_line(credential.line, why));
  }

  Problem take(const Credential& credential, const std::string& service) {
    auto value = value_at(text_, credential.spot);
    if (!value && value.error().code != base::Errc::invalid_input) {
      return no_locked_memory();
    }
    const std::string bad = value ? why_not(credential, value->view()) : value.error().note.text();
    if (!bad.empty()) {
      leave_out(credential, bad);
      return std::nullopt;
    }
    const auto provider = provider_of(credential);
    if (!provider) {
      leave_out(credential, "nothing is known of how it is used");
      return std::nullopt;
    }
    if (PlannedSecret* const same = find_same(credential, value->view())) {
      replace(credential, *same);
      return std::nullopt;
    }
    const auto* const rule =
        find_known_rule(vault_, grown_, *provider, credential.host, value->view());
    if (rule != nullptr) {
      use(credential, *provider, std::move(value).value(), *rule);
      return std::nullopt;
    }
    return add(credential, *provider, std::move(value).value(), service);
  }

  // "": it can be imported.
  [[nodiscard]] std::string why_not(const Credential& credential, std::string_view value) const {
    const bool is_placeholder = std::ranges::any_of(
        grown_.bindings.rules, [value](const auto& rule) { return rule.placeholder == value; });
    if (is_placeholder) {
      return "it is a placeholder already";
    }
    if (!credential.host.empty()) {
      const std::string problem = bindings::host_problem({}, credential.host);
      if (!problem.empty()) {
        return "its host cannot be bound: " + problem;
      }
    }
    return describe_bad_value(value);
  }

  static std::string source_of(const Credential& credential) {
    return credential.provider + " " + credential.host;
  }

  PlannedSecret* find_same(const Credential& credential, std::string_view value) {
    const auto found = std::ranges::find_if(plan_.secrets, [&](const PlannedSecret& secret) {
      return secret.source == source_of(credential) &&
             base::equal_constant_time(secret.value.view(), value);
    });
    return found == plan_.secrets.end() ? nullptr : &*found;
  }

  // A spot that is not what it seemed was left out before: its value was read.
  void replace(const Credential& credential, PlannedSecret& secret) {
    auto text = written_at(text_, credential.spot, secret.placeholder);
    if (text) {
      secret.replacements.push_back(
          {credential.spot.begin, credential.spot.size, std::move(text).value()});
    }
  }

  // One that is not used, or that the vault has for this very value.
  [[nodiscard]] std::optional<vault::SecretName> free_name(const std::string& wanted,
                                                           std::string_view value) const {
    for (std::size_t number = 1; number <= base::bounds::kCredentialsImportedMax; ++number) {
      const auto name =
          vault::SecretName::parse(number == 1 ? wanted : wanted + "_" + std::to_string(number));
      if (!name) {
        return std::nullopt;
      }
      const bool is_planned =
          std::ranges::find(plan_.secrets, *name, &PlannedSecret::name) != plan_.secrets.end();
      const bool is_usable = !vault_.has(*name) || is_kept(vault_, *name, value);
      if (!is_planned && is_usable && !check_name_is_free(grown_, name->text())) {
        return *name;
      }
    }
    return std::nullopt;
  }

  static std::vector<std::string> hosts_for(const Credential& credential,
                                            const Provider& provider) {
    auto hosts = hosts_of(provider);
    std::ranges::replace(hosts, std::string("{host}"), credential.host);
    return hosts;
  }

  void use(const Credential& credential,
           const Provider& provider,
           LockedText value,
           const bindings::SecretRule& rule) {
    PlannedSecret secret;
    secret.known = Known::binding;
    secret.name = rule.name;
    secret.value = std::move(value);
    secret.line = credential.line;
    secret.placeholder = rule.placeholder;
    secret.hosts = hosts_for(credential, provider);
    secret.source = source_of(credential);
    replace(credential, secret);
    plan_.secrets.push_back(std::move(secret));
  }

  Problem add(const Credential& credential,
              const Provider& provider,
              LockedText value,
              const std::string& service) {
    const auto name = free_name(credential.name, value.view());
    if (!name) {
      leave_out(credential, "no name for it is free");
      return std::nullopt;
    }
    auto placeholder = make_placeholder(
        vault_, grown_, name->text(), shape_of(provider, value.view()), bindings::Checksum::wrong);
    if (!placeholder) {
      return placeholder.failure();
    }
    PlannedSecret secret;
    secret.known = vault_.has(*name) ? Known::value : Known::nothing;
    secret.name = *name;
    secret.service = provider.name.empty() ? service : provider.name;
    secret.line = credential.line;
    secret.placeholder = placeholder->text;
    secret.source = source_of(credential);
    secret.entry =
        bindings::entry_of(provider, {name->text(), secret.placeholder, credential.host});
    secret.hosts = hosts_for(credential, provider);
    auto text = text_with_entry(grown_,
                                name->text(),
                                secret.entry,
                                provider.title + ": " + provider.docs,
                                "nothing was changed");
    if (!text) {
      return text.failure();
    }
    grown_.text.bindings = std::move(text).value();
    grown_.bindings = parse_bindings(grown_.text.bindings, folder_).bindings;
    secret.value = std::move(value);
    replace(credential, secret);
    plan_.secrets.push_back(std::move(secret));
    return std::nullopt;
  }

  vault::Vault& vault_;
  std::string_view text_;
  std::string folder_;
  BindingsFile grown_;  // the file, with what was planned so far
  ImportPlan plan_;
};

}  // namespace

bool ImportPlan::binds() const {
  return std::ranges::any_of(
      secrets, [](const PlannedSecret& secret) { return secret.known != Known::binding; });
}

Outcome<ImportPlan> plan_import(vault::Vault& vault,
                                const BindingsFile& file,
                                std::string_view text,
                                const CredentialFile& found,
                                const std::string& service) {
  return Planner(vault, file, text).plan(found, service);
}

Outcome<LockedText> text_with_placeholders(std::string_view text, const ImportPlan& plan) {
  std::vector<Replacement> all;
  std::size_t size = text.size();
  for (const PlannedSecret& secret : plan.secrets) {
    for (const Replacement& one : secret.replacements) {
      size += one.text.size();
      all.push_back(one);
    }
  }
  std::ranges::sort(all, {}, &Replacement::begin);
  auto bytes = vault::LockedBytes::of_size(std::max<std::size_t>(size, 1));
  if (!bytes) {
    return no_locked_memory();
  }
  LockedText changed{std::move(bytes).value(), 0};
  const auto append = [&changed](std::string_view piece) {
    std::ranges::copy(piece, changed.bytes.data() + changed.size);
    changed.size += piece.size();
  };
  std::size_t at = 0;
  for (const Replacement& one : all) {
    if (one.begin >= at) {
      append(text.substr(at, one.begin - at));
      append(one.text);
      at = one.begin + one.size;
    }
  }
  append(text.substr(at));
  return changed;
}

}  // namespace keyswap::cli
