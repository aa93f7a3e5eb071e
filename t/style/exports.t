# SPDX-License-Identifier: Apache-2.0
# httpd loads modules with RTLD_GLOBAL: a visible name of ours could bind to another module's, or theirs to ours.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use Test::More;

use SSO::Source;

my $module = module_file();
ok $module, 'the module is built' or die "no mod_sso_oidc.so: run ./dev build, or make, or set SSO_BUILDDIR\n";
open my $in, '-|', 'nm', '-D', '--defined-only', $module or die "nm: $!";
my @names = map { (split)[2] } <$in>;
ok close $in, 'nm can read it';
# What sanitizers and coverage put into every shared object.
@names = grep { !/^(?:__(?:asan|odr_asan|ubsan|gcov|llvm|sanitizer)|mangle_path$|_init$|_fini$)/ } @names;
is_deeply \@names, ['sso_oidc_module'], 'the module record is all that is exported';

done_testing;
