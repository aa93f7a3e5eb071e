# SPDX-License-Identifier: Apache-2.0
# The sources as text, for the tests in t/style: which files there are, C without its comments, the built module.
package SSO::Source;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Find qw(find);
use Test::More ();

our @EXPORT = qw(files slurp code code_only line_of module_file module_loads table_rows none);

our $top = abs_path(dirname(__FILE__) . '/../../..');

# Made by the build or by npm, in the source folder or beside it.
my $foreign = qr{(?:^|/)(?:node_modules|\.git|\.deps|\.libs|autom4te\.cache|build-aux)(?:/|$)|^build[^/]*/|^m4/};

# Paths below the top folder that match, sorted.
sub files {
    my ($pattern) = @_;
    my @found;
    find({no_chdir => 1, wanted => sub {
        my $path = $File::Find::name =~ s{^\Q$top\E/?}{}r;
        if (-d $File::Find::name) { $File::Find::prune = 1 if "$path/" =~ $foreign; return }
        push @found, $path if $path !~ $foreign && -f $File::Find::name && !-l $File::Find::name && $path =~ $pattern;
    }}, $top);
    return sort @found;
}

sub slurp {
    my ($path, $layer) = @_;
    open my $in, '<' . ($layer // ':encoding(UTF-8)'), $path =~ m{^/} ? $path : "$top/$path" or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

my $string = qr/"(?:[^"\\\n]|\\.)*"/s;
my $char = qr/'(?:[^'\\\n]|\\.)*'/s;
my $comment = qr{/\*.*?\*/|//[^\n]*}s;
sub _blank { return $_[0] =~ s/[^\n]/ /gr }

# C without comments; lines and columns stay.
sub code { my ($path) = @_; return slurp($path) =~ s{($string|$char)|($comment)}{$1 // _blank($2)}ger }

# The same without what strings and characters hold.
sub code_only {
    my ($path) = @_;
    return slurp($path) =~ s{($string|$char)|($comment)}{defined $1 ? substr($1, 0, 1) . _blank(substr $1, 1, -1) . substr($1, -1) : _blank($2)}ger;
}

sub line_of { my ($text, $offset) = @_; return 1 + (substr($text, 0, $offset) =~ tr/\n//) }

# The module that the build made.
sub module_file {
    my @folders = $ENV{SSO_BUILDDIR} // ("$top/build", $top);
    my ($file) = grep { defined && -f } $ENV{SSO_MODULE}, map { "$_/.libs/mod_sso_oidc.so" } @folders;
    return $file;
}

# A test that httpd can load it, for programs that try configurations; without it there is nothing to try.
sub module_loads {
    my $file = module_file();
    Test::More::ok($file, 'the module is built') or die "no mod_sso_oidc.so: run ./dev build, or set SSO_BUILDDIR\n";
    local $ENV{SSO_MODULE} = $file;
    my ($ok, $said) = SSO::Httpd->new->configtest;
    Test::More::ok($ok, 'httpd loads it') or die "$said\n";
    return $file;
}

# Rows of the markdown table whose header row matches: [[cell, …], …]. Cells lose their `code` marks.
sub table_rows {
    my ($path, $header) = @_;
    my (@rows, $inside);
    for my $line (split /\n/, slurp($path)) {
        if ($line !~ /^\|/) { $inside = 0; next }
        if ($line =~ $header) { $inside = 1; next }
        next if !$inside || $line =~ /^\|[-| :]+$/;
        my @cells = split /(?<!\\)\|/, $line =~ s/^\|\s*|\s*\|\s*$//gr;
        s/^\s+|\s+$//g, s/\\\|/|/g for @cells;
        push @rows, [map { s/^`(.*)`$/$1/r } @cells];
    }
    return \@rows;
}

# A test that the list is empty; what is in it is told.
sub none {
    my ($list, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok(!@$list, $name) || Test::More::diag(map { "  $_\n" } @$list);
}

1;
