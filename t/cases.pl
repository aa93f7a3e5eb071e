#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Writes t/CASES.md: which case is tested where, with which outcome, and which are not and why.
use strict;
use warnings;
use FindBin qw($Bin);
use lib "$Bin/lib";
use SSO::Cases qw(table);

my $text = table();
open my $out, '>:encoding(UTF-8)', "$Bin/CASES.md" or die "$Bin/CASES.md: $!\n";
print $out $text;
close $out or die "$Bin/CASES.md: $!\n";
