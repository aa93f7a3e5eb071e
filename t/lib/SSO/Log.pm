# SPDX-License-Identifier: Apache-2.0
# The error log as a part of every test: a line at [warn] or worse that the test did not declare makes it fail.
package SSO::Log;
use strict;
use warnings;

use Time::HiRes qw(sleep time);

my $loud = qr/^\[[^\]]*\] \[(?:[\w-]*:)?(?:warn|error|crit|alert|emerg)\]/;
my $quiet = qr/^\[[^\]]*\] \[(?:[\w-]*:)?(?:notice|info|debug|trace\d)\]/;

sub new {
    my ($class, $path) = @_;
    return bless {path => $path, at => 0, rest => '', lines => [], allowed => []}, $class;
}

# Reads what came since the last time.
sub _read {
    my ($self) = @_;
    open my $in, '<', $self->{path} or return;
    seek $in, $self->{at}, 0;
    local $/;
    my $text = <$in> // '';
    $self->{at} += length $text;
    my @parts = split /\n/, $self->{rest} . $text, -1;
    $self->{rest} = pop @parts // '';
    push @{$self->{lines}}, map { {text => $_} } @parts;
    return;
}

# Declares lines that may come, any number of times.
sub allow { my ($self, @patterns) = @_; push @{$self->{allowed}}, @patterns; return $self }

# Waits for a line that matches, was not taken before, and takes it. Returns its text, undef when none came.
sub take {
    my ($self, $pattern, $seconds) = @_;
    my $until = time + ($seconds // 5);
    while (1) {
        $self->_read;
        for my $line (grep { !$_->{taken} } @{$self->{lines}}) {
            next if $line->{text} !~ $pattern;
            $line->{taken} = 1;
            return $line->{text};
        }
        return if time >= $until;
        sleep 0.03;
    }
}

# Lines that match, taken or not; reads, does not wait.
sub lines {
    my ($self, $pattern) = @_;
    $self->_read;
    return grep { !defined $pattern || $_ =~ $pattern } map { $_->{text} } @{$self->{lines}};
}

sub text { my ($self) = @_; return join "\n", $self->lines, $self->{rest} }

# What nobody declared: loud lines, and lines without a header (a sanitizer's report, a library's complaint), except the
# continuation of a quiet or declared line. Asked once a line.
sub undeclared {
    my ($self) = @_;
    $self->_read;
    my (@found, $harmless);
    for my $line (@{$self->{lines}}) {
        my $text = $line->{text};
        my $declared = $line->{taken} || grep { $text =~ $_ } @{$self->{allowed}};
        my $dead = $text =~ /exit signal/; # a child's death is only a notice to httpd
        if ($text =~ $quiet && !$dead) { $harmless = 1; next }
        if ($text =~ $loud || $dead) { $harmless = $declared }
        elsif ($harmless && $text =~ /^\s/) { next }
        next if $declared || $text eq '' || $line->{seen}++;
        push @found, $text;
    }
    return @found;
}

1;
