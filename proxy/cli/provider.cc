// SPDX-License-Identifier: Apache-2.0
//
// keyswap provider list | show
#include <array>

#include <nlohmann/json.hpp>

#include "bindings/yaml_write.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/providers.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Json = nlohmann::ordered_json;

struct ProviderOptions {
  std::string home;
  std::string name;
  bool json = false;
};

std::string joined(const std::vector<std::string>& words, std::string_view between = ", ") {
  std::string text;
  for (const auto& word : words) {
    text.append(text.empty() ? "" : between).append(word);
  }
  return text;
}

// What stands in bindings.yaml, with the example's host.
bindings::YamlNode example_entry(const KnownProvider& known) {
  const auto& rules = known.trial.bindings.rules;
  return bindings::entry_of(
      known.provider,
      {known.provider.variables.empty() ? "NAME" : known.provider.variables.front(),
       rules.empty() ? "" : rules.front().placeholder,
       known.provider.host ? known.provider.host->example : ""});
}

Json to_json(const KnownProvider& known) {
  const auto& provider = known.provider;
  Json json;
  json["name"] = provider.name;
  json["title"] = provider.title;
  json["docs"] = provider.docs;
  json["file"] = known.file.empty() ? Json() : Json(known.file);
  json["hosts"] = hosts_of(provider);
  json["places"] = places_of(known);
  json["variables"] = provider.variables;
  json["keys"] = Json::array();
  for (const auto& shape : provider.shapes) {
    json["keys"].push_back(shape.source);
  }
  json["parts"] = Json::array();
  for (const auto& part : provider.parts) {
    json["parts"].push_back({{"suffix", part.suffix}, {"title", part.title}});
  }
  json["host"] = nullptr;
  if (provider.host) {
    json["host"] = {{"example", provider.host->example},
                    {"usual", provider.host->usual},
                    {"within", provider.host->within}};
  }
  json["notes"] = provider.notes;
  json["entry"] = bindings::block_text(example_entry(known), 0);
  return json;
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Broken ones are said, and the others listed all the same.
int list(const ProviderOptions& options) {
  const Home home = home_of(options.home);
  auto names = provider_names(home);
  if (!names) {
    return report(names.failure());
  }
  Problem problem;
  Json json = Json::array();
  std::vector<std::vector<std::string>> rows = {{"NAME", "PROVIDER", "HOST"}};
  for (const auto& name : names.value()) {
    auto known = load_provider(home, name);
    if (!known) {
      problem = known.failure();
      continue;
    }
    json.push_back(to_json(known.value()));
    const auto hosts = hosts_of(known->provider);
    rows.push_back({name,
                    printable(known->provider.title) + (known->file.empty() ? "" : " (yours)"),
                    hosts.empty() ? "" : printable(hosts.front())});
  }
  if (options.json) {
    print_line(dump(json));
  } else {
    print(format_table(rows));
  }
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

std::string describe_keys(const bindings::Provider& provider) {
  std::vector<std::string> shapes;
  for (const auto& shape : provider.shapes) {
    shapes.push_back(bindings::describe(shape));
  }
  return shapes.empty() ? "of any form" : joined(shapes, "\n          ");
}

std::string describe_host(const bindings::ProviderHost& host) {
  std::string text = "--host, like " + host.example;
  text += host.within.empty() ? "" : " (below " + joined(host.within) + ")";
  return text + (host.usual.empty() ? "" : "; without it " + host.usual);
}

void print_provider(const KnownProvider& known) {
  const auto& provider = known.provider;
  const std::string variable = provider.variables.empty() ? "NAME" : provider.variables.front();
  std::string text = provider.name + ": " + provider.title + "\n";
  text += "docs      " + provider.docs + "\n";
  text += "keys      " + describe_keys(provider) + "\n";
  text += "place     " + joined(places_of(known)) + "\n";
  text += "variable  " + (provider.variables.empty() ? "any" : joined(provider.variables)) + "\n";
  for (const auto& part : provider.parts) {
    text += "also      " + part.title + ", as " + bindings::part_name(part, variable) + "\n";
  }
  if (provider.host) {
    text += format_table({{"host    ", describe_host(*provider.host)}});
  }
  if (!known.file.empty()) {
    text += "file      " + known.file + "\n";
  }
  if (!provider.notes.empty()) {
    text += format_table({{"note    ", provider.notes}});
  }
  text +=
      "\n" + variable + ":   # in bindings.yaml\n" + bindings::block_text(example_entry(known), 2);
  text += "\nadd it    keyswap secret add " + variable + " --provider " + provider.name +
          (provider.host && provider.host->usual.empty() ? " --host HOST" : "") + "\n";
  print(text);
}

int show(const ProviderOptions& options) {
  auto known = load_provider(home_of(options.home), options.name);
  if (!known) {
    return report(known.failure());
  }
  if (options.json) {
    print_line(dump(to_json(known.value())));
  } else {
    print_provider(known.value());
  }
  return static_cast<int>(Exit::done);
}

int run_list(const Arguments& arguments) {
  ProviderOptions options;
  CommandLine app(
      "Lists the providers: those built in, and those of the home's folder `providers`.",
      "keyswap provider list");
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap provider list")) {
    return *status;
  }
  return list(options);
}

int run_show(const Arguments& arguments) {
  ProviderOptions options;
  CommandLine app(
      "Shows a provider: what its keys look like, where they stand, and what `secret add "
      "--provider` would bind.",
      "keyswap provider show");
  app.add_option("NAME", options.name, "the provider")->required();
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap provider show openai")) {
    return *status;
  }
  return show(options);
}

constexpr std::array kCommands = {
    Command{"list", "every provider, with its hosts", run_list},
    Command{"show", "one provider: its keys, places and scope", run_show},
};

}  // namespace

int run_provider(const Arguments& arguments) {
  return dispatch({"keyswap provider",
                   "The catalogue: APIs whose keys keyswap knows the form and the use of.\n",
                   "keyswap provider show openai",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
