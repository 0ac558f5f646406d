// SPDX-License-Identifier: Apache-2.0
//
// A provider of the catalogue: what is known of an API's keys, so that one command can make a
// placeholder and a binding for it (docs/providers.md). Data, read from YAML as strictly as the
// bindings: what stands under `secret` is what will stand in bindings.yaml, and is read there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/key_shape.h"
#include "bindings/parse.h"
#include "bindings/strict_yaml.h"

namespace keyswap::bindings {

// A further vault entry that the provider's keys come with: NAME_SECRET of the secret NAME.
struct ProviderPart {
  std::string suffix;  // "SECRET"
  std::string title;   // "API secret"
};

// Of an API whose host differs by customer.
struct ProviderHost {
  std::string example;
  std::string usual;                // "" = it has to be named
  std::vector<std::string> within;  // it is below one of these; empty = any
};

struct Provider {
  std::string name;  // "openai"
  std::string title;
  std::string docs;                    // URL of the vendor's page
  std::vector<KeyShape> shapes;        // the first is that of a placeholder; empty: of any form
  std::vector<std::string> variables;  // which of them clients read
  std::vector<ProviderPart> parts;
  std::optional<ProviderHost> host;
  std::string notes;
  YamlNode secret;  // `inject`, `bindings` and the like, with {name} and {host} in it
};

struct ParsedProvider {
  Provider provider;  // usable only if errors is empty
  std::vector<ConfigIssue> errors;
};

// Lower-case letters, digits and '-', at most 64, a letter or digit first.
bool is_provider_name(std::string_view text);

ParsedProvider parse_provider(std::string_view name, std::string_view yaml);

// What a secret is bound as.
struct ProviderUse {
  std::string name;  // of the secret
  std::string placeholder;
  std::string host;  // where the provider asks for one
};

// The entry of bindings.yaml.
YamlNode entry_of(const Provider& provider, const ProviderUse& use);

// A bindings file with one entry of it, under the name KEY and with the example's host, as parse()
// reads it: its errors are the provider's.
Parsed try_provider(const Provider& provider, Venues venues);

// May that be the host of the provider's API? "": it may; else why not.
std::string host_problem(const ProviderHost& host, std::string_view text);

// The vault entry of a part.
std::string part_name(const ProviderPart& part, std::string_view secret_name);

}  // namespace keyswap::bindings
