// SPDX-License-Identifier: Apache-2.0
#include "bindings/provider.h"

#include <algorithm>
#include <array>
#include <variant>

#include "bindings/add_secret.h"
#include "bindings/bounds.h"
#include "bindings/host_pattern.h"
#include "bindings/stand_in.h"
#include "bindings/yaml_make.h"
#include "bindings/yaml_values.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 8> kKeys = {
    "title", "docs", "key", "env", "host", "parts", "secret", "notes"};
constexpr std::array<std::string_view, 3> kHostKeys = {"example", "usual", "within"};
constexpr std::array<std::string_view, 2> kPartKeys = {"suffix", "title"};
constexpr std::array<std::string_view, 3> kSecretKeys = {"inject", "compose", "bindings"};

constexpr std::string_view kNameMark = "{name}";
constexpr std::string_view kHostMark = "{host}";

bool is_upper_word(std::string_view text) {
  return !text.empty() && text.front() >= 'A' && text.front() <= 'Z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string text_at(const YamlSection& section, std::string_view key, ConfigIssues& issues) {
  const auto* const node = section.find(key);
  return node == nullptr ? "" : read_text(*node, key, issues).value_or("");
}

std::string required_text(const YamlSection& section, std::string_view key, ConfigIssues& issues) {
  const auto* const node = section.require(key, issues);
  return node == nullptr ? "" : read_text(*node, key, issues).value_or("");
}

void read_docs(const YamlSection& section, ConfigIssues& issues, Provider& provider) {
  provider.docs = required_text(section, "docs", issues);
  if (!provider.docs.empty() && !provider.docs.starts_with("https://")) {
    issues.error(section.find("docs")->place, "`docs` is the https URL of the vendor's page");
  }
}

void read_shapes(const YamlSection& section, ConfigIssues& issues, Provider& provider) {
  const auto* const node = section.find("key");
  const auto* const list = node == nullptr ? nullptr : read_list(*node, "key", issues);
  if (list == nullptr) {
    return;
  }
  if (list->size() > bounds::kShapesMax) {
    issues.error(node->place, "`key` has more than 16 shapes");
    return;
  }
  for (const auto& item : *list) {
    const auto text = read_text(item, "key", issues);
    auto shape = parse_key_shape(text.value_or(""));
    if (shape) {
      provider.shapes.push_back(std::move(shape).value());
    } else if (text) {
      issues.error(
          item.place, shape.error().note.text(), "keyswap help providers has the language");
    }
  }
}

void read_variables(const YamlSection& section, ConfigIssues& issues, Provider& provider) {
  const auto* const node = section.find("env");
  const auto* const list = node == nullptr ? nullptr : read_list(*node, "env", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "env", issues);
    if (text && is_upper_word(*text)) {
      provider.variables.push_back(*text);
    } else if (text) {
      issues.error((*list)[i].place, "an entry of `env` is a variable's name, like OPENAI_API_KEY");
    }
  }
}

void read_parts(const YamlSection& section, ConfigIssues& issues, Provider& provider) {
  const auto* const node = section.find("parts");
  const auto* const list = node == nullptr ? nullptr : read_list(*node, "parts", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const YamlSection part((*list)[i], "parts", kPartKeys, issues);
    ProviderPart read{required_text(part, "suffix", issues), required_text(part, "title", issues)};
    if (!read.suffix.empty() && !is_upper_word(read.suffix)) {
      issues.error(part.place(), "`suffix` consists of upper-case letters, digits and '_'");
    }
    provider.parts.push_back(std::move(read));
  }
}

void read_host(const YamlSection& section, ConfigIssues& issues, Provider& provider) {
  const auto* const node = section.find("host");
  if (node == nullptr) {
    return;
  }
  const YamlSection host(*node, "host", kHostKeys, issues);
  ProviderHost read{required_text(host, "example", issues), text_at(host, "usual", issues), {}};
  const auto* const within = host.find("within");
  const auto* const list = within == nullptr ? nullptr : read_list(*within, "within", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    read.within.push_back(read_text((*list)[i], "within", issues).value_or(""));
  }
  for (const auto& text : {read.example, read.usual}) {
    const auto problem = text.empty() ? "" : host_problem(read, text);
    if (!problem.empty()) {
      issues.error(node->place, problem);
    }
  }
  provider.host = std::move(read);
}

bool mentions(const YamlNode& node, std::string_view mark) {
  return node.text.find(mark) != std::string::npos ||
         std::ranges::any_of(node.items,
                             [mark](const YamlNode& item) { return mentions(item, mark); });
}

void read_secret(const YamlSection& section, ConfigIssues& issues, Provider& provider) {
  const auto* const node = section.require("secret", issues);
  if (node == nullptr) {
    return;
  }
  const YamlSection secret(*node, "secret", kSecretKeys, issues);
  static_cast<void>(secret.require("inject", issues));
  static_cast<void>(secret.require("bindings", issues));
  provider.secret = *node;
  if (mentions(*node, kHostMark) != provider.host.has_value()) {
    issues.error(node->place,
                 "{host} stands in `secret` where the provider has a `host`, and only there");
  }
}

void replace_all(std::string& text, std::string_view mark, std::string_view by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
}

void fill_in(const ProviderUse& use, YamlNode& node) {
  replace_all(node.text, kNameMark, use.name);
  replace_all(node.text, kHostMark, use.host);
  for (auto& item : node.items) {
    fill_in(use, item);
  }
}

}  // namespace

bool is_provider_name(std::string_view text) {
  constexpr std::size_t kNameBytesMax = 64;
  return !text.empty() && text.size() <= kNameBytesMax && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

ParsedProvider parse_provider(std::string_view name, std::string_view yaml) {
  ParsedProvider parsed;
  parsed.provider.name = name;
  ConfigIssues issues;
  auto document = parse_yaml(yaml);
  issues.add_errors(std::move(document.errors));
  if (document.is_complete) {
    const YamlSection section(document.root, "provider", kKeys, issues);
    if (section.is_mapping()) {
      parsed.provider.title = required_text(section, "title", issues);
      parsed.provider.notes = text_at(section, "notes", issues);
      read_docs(section, issues, parsed.provider);
      read_shapes(section, issues, parsed.provider);
      read_variables(section, issues, parsed.provider);
      read_parts(section, issues, parsed.provider);
      read_host(section, issues, parsed.provider);
      read_secret(section, issues, parsed.provider);
    }
  }
  parsed.errors = issues.take_errors();
  return parsed;
}

YamlNode entry_of(const Provider& provider, const ProviderUse& use) {
  YamlNode entry;
  entry.kind = YamlNode::Kind::mapping;
  add_yaml_key("placeholder", yaml_scalar(use.placeholder, false), entry);
  add_yaml_key("stand_in", yaml_scalar("true", true), entry);
  for (std::size_t i = 0; i < provider.secret.keys.size(); ++i) {
    auto value = provider.secret.items[i];
    fill_in(use, value);
    add_yaml_key(provider.secret.keys[i].text, std::move(value), entry);
  }
  return entry;
}

Parsed try_provider(const Provider& provider, Venues venues) {
  const auto failed = [](const base::Error& error) {
    Parsed parsed;
    parsed.errors.push_back({0, 0, error.note.text(), ""});
    return parsed;
  };
  const auto* const shape = provider.shapes.empty() ? nullptr : &provider.shapes.front();
  const auto placeholder = make_stand_in(shape, {}, Checksum::wrong, {});
  if (!placeholder) {
    return failed(placeholder.error());
  }
  const auto entry =
      entry_of(provider, {"KEY", placeholder->text, provider.host ? provider.host->example : ""});
  const auto text = add_secret("secrets: {}\n", "KEY", entry, "");
  if (!text) {
    return failed(text.error());
  }
  auto parsed = parse(*text, "/", venues);
  for (auto& issue : parsed.errors) {
    issue.line = 0;  // of an entry that nobody sees
    issue.text = "under `secret`: " + issue.text;
  }
  return parsed;
}

std::string host_problem(const ProviderHost& host, std::string_view text) {
  const auto parsed = parse_host_pattern(std::string(text));
  if (const auto* const problem = std::get_if<HostProblem>(&parsed)) {
    return problem->text;
  }
  const auto& pattern = std::get<ParsedHost>(parsed).pattern;
  if (pattern.is_wildcard) {
    return "it must be one host, and no wildcard";
  }
  const bool is_within =
      host.within.empty() || std::ranges::any_of(host.within, [&](const std::string& base) {
        return pattern.host.ends_with("." + base) || pattern.host == base;
      });
  if (is_within) {
    return "";
  }
  std::string bases;
  for (const auto& base : host.within) {
    bases += (bases.empty() ? "" : ", ") + base;
  }
  return "it is not below " + bases;
}

std::string part_name(const ProviderPart& part, std::string_view secret_name) {
  return std::string(secret_name) + "_" + part.suffix;
}

}  // namespace keyswap::bindings
