// SPDX-License-Identifier: Apache-2.0
//
// A bindings file that a command changes: as it is, what goes into it, and its replacement, each
// checked before anything is written. What is put in place is approved with it (I17), where the
// file is the one that is approved.
#pragma once

#include <string>

#include <sys/types.h>

#include "bindings/binding.h"
#include "bindings/key_shape.h"
#include "bindings/policy_text.h"
#include "bindings/stand_in.h"
#include "bindings/strict_yaml.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The bindings file as it is.
struct BindingsFile {
  std::string path;  // with links resolved: a link stays a link
  mode_t mode = 0600;
  bindings::PolicyText text;
  bindings::Bindings bindings;
};

// The file with what it says; a broken one is left alone.
Outcome<BindingsFile> open_bindings(const std::string& path);

// The same of the home's own file. Where it is gone, it is begun anew, without a binding, and that
// is said.
Outcome<BindingsFile> open_home_bindings(const Home& home);

// Is that its text now?
bool says(const BindingsFile& file, const std::string& text);

// The same, also where it has errors: there is something to edit. What it binds does not count
// then.
Outcome<BindingsFile> open_home_bindings_to_edit(const Home& home);

// Is the name free for an entry of `secrets:`?
Problem check_name_is_free(const BindingsFile& file, const std::string& name);

// A placeholder for that name, like a key of that shape (null: of none).
Outcome<bindings::StandIn> make_placeholder(vault::Vault& vault,
                                            const BindingsFile& file,
                                            const std::string& name,
                                            const bindings::KeyShape* shape,
                                            bindings::Checksum checksum);

// The file's text with that entry, as a parser has seen it. `hint`: what to do where it has no
// place.
Outcome<std::string> text_with_entry(const BindingsFile& file,
                                     const std::string& name,
                                     const bindings::YamlNode& entry,
                                     const std::string& comment,
                                     const std::string& hint);

// How a command's change of the file comes into force.
struct FileApproval {
  Approved before;
  ApprovalKey key;
  bool is_meant = true;  // false: another file than the approved one, which stays without approval
};

// What becomes of the changes in the file that nobody approved: they stay in it unseen, or the
// operator is shown all that differs from what is approved, and asked.
enum class Found : unsigned char { kept, shown };

// Before anything is changed. A failure where the home's file has changes that nobody approved, and
// nobody is shown them: a command approves what it writes, and nothing that it found.
Outcome<FileApproval> prepare_approval(const Home& home,
                                       vault::Vault& vault,
                                       const BindingsFile& file,
                                       const ApprovalOptions& options,
                                       Found found = Found::kept);

// The file with another text, approved; `policy`: that text, and the roots it adds. After a failure
// the file is as it was, or it is in place (says()) and what was approved before still is, too.
Problem replace_approved(const Home& home,
                         vault::Vault& vault,
                         const BindingsFile& file,
                         const bindings::PolicyText& policy,
                         const FileApproval& approval);

}  // namespace keyswap::cli
