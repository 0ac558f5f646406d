// SPDX-License-Identifier: Apache-2.0
//
// keyswap bindings add NAME --host HOST: an entry of bindings.yaml for a secret of the vault. It is
// approved as it is written (I17), but for a home in which nothing is approved yet: there the first
// `serve` asks. What an API of the catalogue needs, `secret add --provider` knows.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "bindings/strict_yaml.h"
#include "bindings/yaml_make.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/bindings.h"
#include "proxy/cli/bindings_file.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using bindings::YamlNode;

constexpr const char* kExample =
    "keyswap bindings add GITHUB_TOKEN --host api.github.com --method GET --path '/repos/**'";
constexpr std::uint16_t kUsualPort = 443;

struct AddOptions {
  std::string home;
  UnlockOptions unlock;
  ApprovalOptions approval;
  std::string name;
  std::vector<std::string> hosts;
  std::uint16_t port = kUsualPort;
  std::vector<std::string> methods;
  std::vector<std::string> paths;
  std::string header = "Authorization";
  std::string format = "Bearer {secret}";
  bool json = false;
};

YamlNode binding_of(const AddOptions& options, const std::string& host) {
  YamlNode binding = bindings::yaml_mapping();
  bindings::add_yaml_key("host", bindings::yaml_scalar(host, false), binding);
  if (options.port != kUsualPort) {
    bindings::add_yaml_key(
        "port", bindings::yaml_scalar(std::to_string(options.port), true), binding);
  }
  if (!options.methods.empty()) {
    bindings::add_yaml_key("methods", bindings::yaml_sequence(options.methods), binding);
  }
  if (!options.paths.empty()) {
    bindings::add_yaml_key("paths", bindings::yaml_sequence(options.paths), binding);
  }
  return binding;
}

YamlNode entry_of(const AddOptions& options, const std::string& placeholder) {
  YamlNode inject = bindings::yaml_mapping();
  bindings::add_yaml_key("header", bindings::yaml_scalar(options.header, false), inject);
  bindings::add_yaml_key("format", bindings::yaml_scalar(options.format, false), inject);
  YamlNode list;
  list.kind = YamlNode::Kind::sequence;
  for (const std::string& host : options.hosts) {
    list.items.push_back(binding_of(options, host));
  }
  YamlNode entry = bindings::yaml_mapping();
  bindings::add_yaml_key("placeholder", bindings::yaml_scalar(placeholder, false), entry);
  bindings::add_yaml_key("stand_in", bindings::yaml_scalar("true", true), entry);
  bindings::add_yaml_key("inject", std::move(inject), entry);
  bindings::add_yaml_key("bindings", std::move(list), entry);
  return entry;
}

void tell(const AddOptions& options, const BindingsFile& file, const std::string& placeholder) {
  if (options.json) {
    nlohmann::ordered_json json;
    json["name"] = options.name;
    json["placeholder"] = placeholder;
    json["hosts"] = options.hosts;
    json["file"] = file.path;
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  print_long_line("bound " + options.name + " in " + printable(file.path));
  print_long_line("programs hold this in its place (keyswap run and env set it):");
  print_line(options.name + "=" + placeholder);
}

Problem add(const AddOptions& options, OpenHome& opened, const vault::SecretName& name) {
  auto file = open_home_bindings(opened.home);
  if (!file) {
    return file.failure();
  }
  if (auto problem = check_name_is_free(file.value(), name.text())) {
    return problem;
  }
  if (!opened.vault.has(name)) {
    warn("the vault has no secret " + name.text() + " yet",
         "add it with: keyswap secret add " + name.text());
  }
  auto approval = prepare_approval(opened.home, opened.vault, file.value(), options.approval);
  if (!approval) {
    return approval.failure();
  }
  auto placeholder =
      make_placeholder(opened.vault, file.value(), name.text(), nullptr, bindings::Checksum::wrong);
  if (!placeholder) {
    return placeholder.failure();
  }
  auto text = text_with_entry(file.value(),
                              name.text(),
                              entry_of(options, placeholder->text),
                              "",
                              "nothing was changed; add it with: keyswap bindings edit");
  if (!text) {
    return text.failure();
  }
  if (auto problem = replace_approved(opened.home,
                                      opened.vault,
                                      file.value(),
                                      {text.value(), file->text.roots},
                                      approval.value())) {
    return problem;
  }
  tell(options, file.value(), placeholder->text);
  return put_in_force(
      opened.home, opened.vault, file->path, name.text() + " is bound in " + file->path);
}

int add_binding(const AddOptions& options) {
  auto name = parse_secret_name(options.name);
  if (!name) {
    return report(name.failure());
  }
  return do_in_home(options.home, options.unlock, [&](OpenHome& opened) {
    return add(options, opened, name.value());
  });
}

}  // namespace

int run_bindings_add(const Arguments& arguments) {
  AddOptions options;
  CommandLine app(
      "Binds a secret of the vault: adds its entry to the home's bindings.yaml, with a "
      "placeholder,\n"
      "approves it, and lets the running proxy read it. In a home in which nothing is approved "
      "yet\n"
      "(made without --key-file and --approval) the first keyswap serve shows it and asks.",
      "keyswap bindings add");
  app.add_option("NAME", options.name, "the secret's name")->required();
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_approval_option(app, options.approval);
  add_json_option(app, options.json);
  app.add_option("--host", options.hosts, "where it may go; may be given several times")
      ->type_name("HOST")
      ->allow_extra_args(false)
      ->required();
  app.add_option("--port", options.port, "that port of it")
      ->type_name("PORT")
      ->capture_default_str();
  app.add_option(
         "--method", options.methods, "by this method alone (several: give it several times)")
      ->type_name("METHOD")
      ->allow_extra_args(false);
  app.add_option("--path", options.paths, "to paths like this one alone, e.g. '/v1/**' (likewise)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--header", options.header, "the header it stands in")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--format", options.format, "what stands there")
      ->type_name("TEXT")
      ->capture_default_str();
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  return add_binding(options);
}

}  // namespace keyswap::cli
