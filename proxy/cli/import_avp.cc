// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/import_avp.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bindings/strict_yaml.h"
#include "bindings/yaml_make.h"
#include "bindings/yaml_write.h"
#include "vault/secret_name.h"
#include "vault/source_kind.h"
#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

using bindings::YamlNode;

constexpr const char* kHint = "is it the file that agent-vault-proxy reads (bindings.yaml)?";
// What is machinery of its own there.
constexpr std::array<std::string_view, 2> kDropped = {"cache", "preflight"};

YamlNode* find(YamlNode& mapping, std::string_view key) {
  const auto found = std::ranges::find(mapping.keys, key, &YamlNode::text);
  return found == mapping.keys.end()
             ? nullptr
             : &mapping.items[static_cast<std::size_t>(found - mapping.keys.begin())];
}

std::string text_of(YamlNode& mapping, std::string_view key) {
  const auto* const node = find(mapping, key);
  return node == nullptr ? "" : node->text;
}

void drop(YamlNode& mapping, std::string_view key) {
  const auto found = std::ranges::find(mapping.keys, key, &YamlNode::text);
  if (found != mapping.keys.end()) {
    mapping.items.erase(mapping.items.begin() + (found - mapping.keys.begin()));
    mapping.keys.erase(found);
  }
}

void set(YamlNode& mapping, std::string key, YamlNode value) {
  if (auto* const there = find(mapping, key)) {
    *there = std::move(value);
    return;
  }
  mapping.keys.push_back(bindings::yaml_scalar(std::move(key), true));
  mapping.items.push_back(std::move(value));
}

class Converter {
 public:
  Outcome<AvpImport> convert(YamlNode root) {
    auto* const secrets = find(root, "secrets");
    if (secrets == nullptr || secrets->kind != YamlNode::Kind::mapping) {
      return Failure{Exit::usage, "it has no `secrets`", kHint};
    }
    take_machinery(root);
    take_notes(root);
    take_secrets(*secrets);
    if (has_wildcard_ && find(root, "allow_wildcard_hosts") == nullptr) {
      set(root, "allow_wildcard_hosts", bindings::yaml_scalar("true", true));
      changed("allow_wildcard_hosts", "hosts like *.example.com have to be allowed by it here");
    }
    result_.bindings = "# Made by `keyswap import avp`; what changed meaning was said then.\n" +
                       bindings::block_text(root, 0);
    return std::move(result_);
  }

 private:
  void take_machinery(YamlNode& root) {
    take_backend(root);
    for (const std::string_view key : kDropped) {
      if (find(root, key) != nullptr && !(key == "cache" && is_elsewhere_)) {
        left_out(std::string(key), "it has no effect here");
        drop(root, key);
      }
    }
    auto* const audit = find(root, "audit");
    if (audit == nullptr || audit->kind != YamlNode::Kind::mapping) {
      return;
    }
    if (find(*audit, "fail_on_unwritable") != nullptr) {
      left_out("audit.fail_on_unwritable", "without a record no request is sent, in any case");
      drop(*audit, "fail_on_unwritable");
    }
    take_audit_path(*audit);
    if (audit->items.empty()) {
      drop(root, "audit");
    }
  }

  // There notes may name any host where no list is; here somebody has to say so.
  void take_notes(YamlNode& root) {
    const std::string mode = text_of(root, "binding_source");
    if (mode.empty() || mode == "file" || find(root, "notes_host_allowlist") != nullptr) {
      return;
    }
    YamlNode nothing;
    nothing.kind = YamlNode::Kind::sequence;
    set(root, "notes_host_allowlist", std::move(nothing));
    changed("notes_host_allowlist",
            "no note binds its secret until the hosts that notes may name "
            "are listed there");
  }

  // One that is known here is asked here, too, for all secrets.
  void take_backend(YamlNode& root) {
    auto* const backend = find(root, "backend");
    if (backend == nullptr) {
      return;
    }
    const std::string type = text_of(*backend, "type");
    is_elsewhere_ = vault::find_foreign_kind(vault::backend_kinds(), type) != nullptr;
    if (is_elsewhere_) {
      changed("backend", type + " is asked by this proxy itself, for all secrets");
      return;
    }
    left_out("backend",
             (type.empty() ? "it" : type) +
                 " is not asked: secrets come from this home's vault, and are to be added");
    drop(root, "backend");
  }

  // There it is a file, here a folder.
  void take_audit_path(YamlNode& audit) {
    auto* const path = find(audit, "path");
    if (path == nullptr) {
      return;
    }
    constexpr std::array<std::string_view, 3> kEndings = {".jsonl", ".json", ".log"};
    const auto* const ending = std::ranges::find_if(
        kEndings, [&](std::string_view each) { return path->text.ends_with(each); });
    const std::size_t cut = ending == kEndings.end() ? 0 : ending->size();
    if (cut > 0 && cut < path->text.size() && path->text[path->text.size() - cut - 1] != '/') {
      path->text.resize(path->text.size() - cut);
      changed("audit.path", "it names a folder here: " + path->text + "; the old log stays");
    }
  }

  void take_secrets(YamlNode& secrets) {
    for (std::size_t i = 0; i < secrets.items.size();) {
      const std::string name = secrets.keys[i].text;
      auto& entry = secrets.items[i];
      const std::string why =
          entry.kind == YamlNode::Kind::mapping ? take_inject(name, entry) : "it is no mapping";
      if (!why.empty()) {
        left_out("secrets." + shown(name), why);
        secrets.keys.erase(secrets.keys.begin() + static_cast<std::ptrdiff_t>(i));
        secrets.items.erase(secrets.items.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      note_hosts(entry);
      note_values(name, entry);
      ++i;
    }
    if (secrets.items.empty()) {
      secrets = YamlNode();
      secrets.kind = YamlNode::Kind::mapping;
    }
  }

  // Turns a secret's `inject` into ours; else why the entry cannot stay.
  std::string take_inject(const std::string& name, YamlNode& entry) {
    auto* const inject = find(entry, "inject");
    if (inject == nullptr || inject->kind != YamlNode::Kind::mapping) {
      return "it has no `inject` that is a mapping";
    }
    if (text_of(*inject, "type") != "multi") {
      return take_injector(name, *inject);
    }
    auto* const injectors = find(*inject, "injectors");
    if (injectors == nullptr || injectors->kind != YamlNode::Kind::sequence) {
      return "its `injectors` are no list";
    }
    YamlNode list = std::move(*injectors);
    for (YamlNode& injector : list.items) {
      const std::string why = injector.kind == YamlNode::Kind::mapping
                                  ? take_injector(name, injector)
                                  : "an injector is no mapping";
      if (!why.empty()) {
        return why;
      }
      // There one request may use all of them; here each place says how many it allows.
      set(injector,
          "max_occurrences",
          bindings::yaml_scalar(std::to_string(list.items.size()), true));
    }
    changed("secrets." + shown(name),
            "`multi` is a list of places, any of which one request may use");
    *inject = std::move(list);
    return "";
  }

  std::string take_injector(const std::string& name, YamlNode& injector) {
    const std::string type = text_of(injector, "type");
    if (type == "body") {
      drop(injector, "type");
      set(injector, "body", bindings::yaml_scalar("text", true));
      if (find(injector, "content_type") != nullptr) {
        drop(injector, "content_type");
        changed("secrets." + shown(name), "bodies of any content type are looked at");
      }
      return "";
    }
    if (!type.empty() && type != "header") {
      return "nothing here does what its `inject.type` does";
    }
    drop(injector, "type");
    return "";
  }

  void note_hosts(YamlNode& entry) {
    auto* const list = find(entry, "bindings");
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      has_wildcard_ = has_wildcard_ || text_of(list->items[i], "host").starts_with("*.");
    }
  }

  // What has to be in the vault.
  void note_values(const std::string& name, YamlNode& entry) {
    if (is_elsewhere_) {
      return;
    }
    auto* const compose = find(entry, "compose");
    if (compose == nullptr || compose->items.empty()) {
      to_do(name);
      return;
    }
    for (const YamlNode& part : compose->items) {
      to_do(part.text);
    }
  }

  void to_do(const std::string& name) {
    const std::string line = "to do: keyswap secret add " + shown(name);
    if (std::ranges::find(result_.report, line) == result_.report.end()) {
      result_.report.push_back(line);
    }
  }

  // What is no name may be a value in the wrong place.
  static std::string shown(const std::string& name) {
    return vault::SecretName::parse(name) ? name : "(not a name)";
  }

  void changed(const std::string& where, const std::string& what) {
    result_.report.push_back("changed: " + where + ": " + what);
  }

  void left_out(const std::string& where, const std::string& why) {
    result_.report.push_back("left out: " + where + ": " + why);
  }

  AvpImport result_;
  bool has_wildcard_ = false;
  bool is_elsewhere_ = false;  // its secrets come from the backend
};

}  // namespace

Outcome<AvpImport> import_avp(std::string_view yaml) {
  auto document = bindings::parse_yaml(yaml);
  if (!document.errors.empty()) {
    const auto& error = document.errors.front();
    return Failure{Exit::usage, "line " + std::to_string(error.line) + ": " + error.text, kHint};
  }
  if (document.root.kind != YamlNode::Kind::mapping) {
    return Failure{Exit::usage, "it is no mapping", kHint};
  }
  return Converter().convert(std::move(document.root));
}

}  // namespace keyswap::cli
